"use strict";
(() => {
  // Text of a report is never read as HTML: all of it goes into text nodes.
  const $ = (id) => document.getElementById(id);
  const make = (tag, attributes, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...inside.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  };
  const parse = (id) => JSON.parse($(id)?.textContent ?? "{}");
  const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

  // ---- The address: a view, then filters; or a case, with the filters of the list that it was opened from.

  const VIEWS = ["overview", "rules", "cases", "about"];
  const LISTS = ["verdict", "level"];
  const SINGLE = ["q", "version", "chapter", "run", "rule", "differs"];
  const read = () => {
    const state = { view: "overview", case: "", line: "", verdict: [], level: [], q: "", version: "", chapter: "", run: "", rule: "", differs: "" };
    for (const [index, pair] of location.hash.slice(1).split("&").entries()) {
      const [name, ...rest] = pair.split("=");
      let value = rest.join("=");
      try { value = decodeURIComponent(value); } catch { /* as it stands */ }
      if (index === 0 && VIEWS.includes(name)) state.view = name;
      else if (name === "case" || name === "line" || SINGLE.includes(name)) state[name] = value;
      else if (LISTS.includes(name)) state[name] = value.split(",").filter(Boolean);
    }
    return state;
  };
  const readable = (text) => encodeURIComponent(text).replace(/%2F/g, "/").replace(/%2C/g, ",").replace(/%20/g, "%20");
  const address = (state) => {
    const parts = [state.case ? `case=${readable(state.case)}` : state.view];
    if (state.case && state.line) parts.push(`line=${readable(state.line)}`);
    for (const name of SINGLE) if (state[name]) parts.push(`${name}=${readable(state[name])}`);
    for (const name of LISTS) if (state[name].length) parts.push(`${name}=${readable(state[name].join(","))}`);
    return `#${parts.join("&")}`;
  };
  const changed = (changes) => address({ ...state, ...changes });

  // ---- Data, read when it is first wanted.

  let known = null;
  const data = () => {
    if (known) return known;
    known = parse("index");
    known.byId = new Map(known.cases.map((row, place) => [row[0], place]));
    known.text = known.cases.map(([id, title, chapter, version, rules, came]) =>
      [id, title, ...rules.map((rule) => known.rules[rule][0]), ...came.map((one) => one ? `${one[3]} ${one[5]}` : "")].join(" ").toLowerCase());
    return known;
  };
  const parts = new Map();
  const detail = (run, chapter, id) => {
    const name = `part-${run}-${chapter}`;
    if (!parts.has(name)) parts.set(name, parse(name));
    return parts.get(name)[id];
  };
  const verdict = (place, more) => {
    const [word, phrase, sign] = data().shown[place];
    return make("span", { class: `v ${word}` }, make("span", { "aria-hidden": "true" }, `${sign} `), more ? `${phrase}, ${more}` : phrase);
  };
  const MARKS = ["", "broken", "lenient"];

  // ---- Filters.

  const form = $("filters");
  const words = () => state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (text, wanted) => wanted.every((word) => text.includes(word));
  let rows = null;
  const ruleRows = () => rows ??= [...document.querySelectorAll("#rules tbody tr")].map((row) => ({
    row, group: row.closest(".matrix"), text: row.textContent.toLowerCase(), id: row.dataset.id, version: row.dataset.version,
    level: row.dataset.level, chapters: row.dataset.chapters.split(" "), verdicts: row.dataset.verdicts.split(" "), differs: "differs" in row.dataset,
  }));
  const filterRules = () => {
    const wanted = words();
    const groups = new Map();
    let count = 0;
    for (const rule of ruleRows()) {
      const verdicts = state.run ? [rule.verdicts[state.run - 1]] : rule.verdicts;
      const is = fits(rule.text, wanted) && (!state.version || rule.version === state.version) && (!state.chapter || rule.chapters.includes(state.chapter))
        && (!state.level.length || state.level.includes(rule.level)) && (!state.verdict.length || verdicts.some((word) => state.verdict.includes(word)))
        && (!state.rule || state.rule === `${rule.version}/${rule.id}`) && (!state.differs || rule.differs);
      rule.row.hidden = !is;
      count += is;
      groups.set(rule.group, (groups.get(rule.group) ?? 0) + is);
    }
    for (const [group, shown] of groups) {
      group.hidden = shown === 0;
      group.querySelector(".count").textContent = grouped(shown);
    }
    return [count, ruleRows().length, "rules"];
  };
  const casesThatFit = () => {
    const { cases, rules, chapters, shown, text } = data();
    const wanted = words();
    const verdicts = state.verdict.map((word) => shown.findIndex((one) => one[0] === word));
    const fitting = [];
    cases.forEach(([, , chapter, version, own, came], place) => {
      const seen = state.run ? [came[state.run - 1]].filter(Boolean) : came.filter(Boolean);
      const is = seen.length > 0 && fits(text[place], wanted) && (!state.version || version === state.version)
        && (!state.chapter || chapters[chapter] === state.chapter || own.some((rule) => rules[rule][6] === state.chapter))
        && (!state.level.length || own.some((rule) => state.level.includes(rules[rule][2])))
        && (!verdicts.length || seen.some((one) => verdicts.includes(one[0])))
        && (!state.rule || own.some((rule) => `${rules[rule][1]}/${rules[rule][0]}` === state.rule))
        && (!state.differs || new Set(came.map((one) => one ? one[0] : -1)).size > 1);
      if (is) fitting.push(place);
    });
    return fitting;
  };

  // ---- The list of cases, made when it is first looked at; then rows are hidden and shown.

  let listed = null;
  const list = () => {
    if (listed) return listed;
    const { cases, chapters, runs } = data();
    const isMany = runs.length > 1;
    const groups = chapters.map((name, chapter) => {
      const body = make("tbody");
      const count = make("span", { class: "count" });
      const head = isMany ? runs.map((run) => make("th", { scope: "col", class: "verdict" }, make("span", { class: "name" }, run.name)))
        : [make("th", { scope: "col", class: "verdict" }, "Verdict")];
      const table = make("table", { class: `cases${runs.length > 3 ? " many" : ""}` }, make("caption", { class: "hidden" }, `Cases of the chapter ${name}`),
        make("thead", {}, make("tr", {}, head, make("th", { scope: "col" }, "Case"), isMany ? null : make("th", { scope: "col", class: "took n" }, "Took"))), body);
      const section = make("section", { class: "chapter", "aria-label": name }, make("h2", {}, `${name} `, count), make("div", { class: "scroll" }, table));
      return { section, body, count, shown: 0 };
    });
    const all = cases.map(([id, title, chapter, , , came]) => {
      const link = make("a", {}, make("code", {}, id));
      const told = came.map((one, run) => make("td", { class: "verdict", "data-run": isMany && one ? runs[run].name : null }, one ? runs.length > 3
        ? make("span", { class: `v ${data().shown[one[0]][0]}`, title: data().shown[one[0]][1] }, make("span", { "aria-hidden": "true" }, data().shown[one[0]][2]), make("span", { class: "hidden" }, data().shown[one[0]][1]))
        : verdict(one[0], MARKS[one[1]]) : ""));
      const seen = isMany ? "" : came[0]?.[5];
      const row = make("tr", {}, told, make("td", {}, link, make("span", { class: "title" }, title), seen ? make("span", { class: "seen" }, seen) : null),
        isMany ? null : make("td", { class: "took n" }, `${(came[0][2] / 1000).toFixed(3)} s`));
      groups[chapter].body.append(row);
      return { row, link, id, group: groups[chapter] };
    });
    $("list").append(...groups.map((group) => group.section));
    return listed = { groups, all };
  };
  const filterCases = () => {
    const { groups, all } = list();
    const fitting = new Set(casesThatFit());
    for (const group of groups) group.shown = 0;
    all.forEach((one, place) => {
      one.row.hidden = !fitting.has(place);
      one.group.shown += fitting.has(place);
      one.link.href = changed({ case: one.id, line: "" });
    });
    for (const group of groups) {
      group.section.hidden = group.shown === 0;
      group.count.textContent = grouped(group.shown);
    }
    return [fitting.size, all.length, "cases"];
  };

  // ---- The page of a case.

  const copy = (text) => {
    const button = make("button", { type: "button", class: "copy" }, "Copy");
    button.dataset.text = text;
    return button;
  };
  const row = (name, ...inside) => make("div", {}, make("dt", {}, name), make("dd", {}, ...inside));
  const command = (text) => [make("code", {}, text), copy(text)];
  const repeat = (run, id, filter) => run.decoder ? `mqtt-assay decoder -f ${filter ?? id} -v -- ${run.broker}` : `${run.before}mqtt-assay run ${run.broker} -f ${filter ?? id} --seed ${run.seed} -v`;

  // The level of the headings below a run's.
  let below = "h2";
  const part = (text) => make(below, { class: "part" }, text);
  const page = () => {
    const { cases, byId, chapters, runs } = data();
    const place = byId.get(state.case);
    const found = cases[place];
    const article = $("case");
    article.className = "view scripted case";
    if (!found) {
      article.replaceChildren(make("h1", { id: "case-heading", tabindex: "-1" }, "There is no such case"), make("p", {}, make("code", {}, state.case), " is not in this report."), make("p", {}, make("a", { href: changed({ case: "", view: "cases" }) }, "All cases")));
      return "There is no such case";
    }
    const [id, title, chapter, version, , came] = found;
    const way = casesThatFit();
    const at = way.indexOf(place);
    const to = (name, next) => next === undefined ? make("span", { class: "quiet" }, name) : make("a", { href: changed({ case: cases[next][0], line: "" }), rel: name === "Next" ? "next" : "prev" }, name);
    const only = state.run ? [state.run - 1] : runs.map((_, run) => run);
    article.replaceChildren(
      make("div", { class: "trail" }, make("a", { href: changed({ case: "", view: "cases", line: "" }) }, "Cases"), make("span", {}, chapters[chapter]),
        make("span", { class: "way" }, make("span", {}, at < 0 ? "" : `${grouped(at + 1)} of ${grouped(way.length)}`), to("Previous", way[at - 1]), to("Next", at < 0 ? undefined : way[at + 1]))),
      make("h1", { id: "case-heading", tabindex: "-1" }, title),
      make("p", { class: "sub" }, make("code", {}, id), make("span", {}, `MQTT ${version}`)),
      ...only.map((run) => ofRun(run, found, came[run], only.length > 1 || runs.length > 1)));
    return title;
  };

  const ofRun = (run, [id, , chapter], came, isNamed) => {
    const { runs, shown } = data();
    const heading = isNamed ? make("h2", {}, `${runs[run].name} `, came ? verdict(came[0], MARKS[came[1]]) : make("span", { class: "quiet" }, "not run")) : null;
    const section = make("section", { class: "run-of-case", "aria-label": runs[run].name }, heading);
    const full = came && detail(run, chapter, id);
    if (!full) return section;
    const isPass = shown[came[0]][0] === "pass";
    below = isNamed ? "h3" : "h2";
    section.append(facts(run, id, came, full, isNamed), ...rules(full));
    if (!full.lines.length && isPass && runs.length > 1) section.append(make("p", { class: "quiet" }, "The lines that decided it are in the report of this run alone."));
    if (full.lines.length) {
      const isWhole = full.lines.some((line) => line[0] === 1);
      const inside = [steps(full), transcript(full, isPass)].filter(Boolean);
      section.append(isPass ? make("details", {}, make("summary", {}, isWhole ? "Transcript" : `The ${full.lines.length} lines that decided it`), ...inside) : make("div", {}, ...inside));
    }
    return section;
  };

  const decided = (full, rule) => {
    const [id, version, level, section, says, policy] = data().rules[rule];
    return [make("p", { class: "rule-text" }, says || "(a rule that this program does not know)"),
      make("p", { class: "quiet" }, make("a", { href: changed({ case: "", view: "cases", line: "", rule: `${version}/${id}`, verdict: [], level: [], q: "", chapter: "", version: "" }) }, make("code", {}, id)), section === "-" ? ` ${level}, asked by the suite` : ` ${level}, section ${section} of MQTT ${version}`),
      policy ? make("details", {}, make("summary", { class: "quiet" }, "How it is judged"), make("p", { class: "rule-text" }, policy)) : null];
  };

  const facts = (run, id, came, full, isNamed) => {
    const { runs } = data();
    const lineLink = (number) => full.lines.some((line) => line[0] === number) ? make("a", { href: changed({ line: String(number) }) }, `line ${number}`) : `line ${number}`;
    const ofLine = (number) => full.lines.find((line) => line[0] === number);
    const sent = full.sent && ofLine(full.sent);
    const list = make("dl", {});
    if (!isNamed) list.append(row("verdict", verdict(came[0], MARKS[came[1]])));
    if (came[4] !== null) list.append(row("rule", ...decided(full, came[4])));
    const isDecoder = runs[run].decoder;
    if (came[1] === 2) list.append(row("marked", isDecoder ? "lenient: the decoder took what the standard forbids" : "lenient: the broker went on after something that the standard forbids a client"));
    if (came[1] === 1) list.append(row("marked", `broken: the ${isDecoder ? "decoder" : "broker"} itself did wrong`));
    if (sent) list.append(row("sent", lineLink(full.sent), `, ${full.roles[sent[2]]}: `, make("code", {}, sent[4] ?? ""), sent[6] ? make("span", { class: "tag" }, `mutated by ${sent[6]}`) : null));
    if (full.expected) list.append(row("expected", full.expected));
    if (full.seen) list.append(row(full.line ? "came" : "because", ...(full.line ? [lineLink(full.line), ": "] : []), make("code", {}, full.seen)));
    if (full.alone) list.append(row("run again", `What stands here came of it alone: it ${full.alone}.`));
    for (const [invariant, line] of full.noticed ?? []) list.append(row("noticed", make("code", {}, invariant), ` in its traffic, `, lineLink(line)));
    if (!isDecoder) list.append(row("variant", `${came[3]}, ${(came[2] / 1000).toFixed(3)} s`));
    list.append(make("div", {}, make("dt", {}, "repeat"), make("dd", { class: "command" }, ...command(repeat(runs[run], id, full.repeat)))));
    return list;
  };

  const rules = (full) => {
    if (full.rules.length < 2) return [];
    const body = full.rules.map(([rule, shown, basis, line]) => {
      const [id, , level, section, says] = data().rules[rule];
      return make("tr", {}, make("th", { scope: "row", class: "id" }, id), make("td", { class: "level" }, level), make("td", { class: "cell" }, verdict(shown)), make("td", { class: "n" }, line ? `line ${line}` : ""), make("td", { class: "says" }, says, " ", make("span", { class: "quiet" }, [section, basis].filter(Boolean).join(", "))));
    });
    return [part("Rules of this case"), make("div", { class: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ["Rule", "Level", "Verdict", "Shown in", "It says"].map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, body)))];
  };

  const KIND = { open: 0, sent: 1, received: 2, ended: 3, closed: 4, expects: 5, decides: 6, notes: 7, unknown: 8 };
  const SIGNS = ["\u25cf", "\u2192", "\u2190", "\u2715", "\u25cb", "\u25aa", "\u25aa", "\u25aa", "\u25aa"];
  const SENSE = ["opens", "sends", "receives", "is ended", "ends", "expects", "decides", "notes", ""];
  const steps = (full) => {
    const said = full.lines.filter((line) => line[3] === KIND.expects || line[3] === KIND.decides || line[6]);
    if (said.length < 2) return null;
    const text = (line) => line[6] ? ["sends a packet mutated by ", make("code", {}, line[6])] : [`${SENSE[line[3]]} `, line[4] ?? ""];
    return make("div", {}, part("Steps that decide"), make("ol", { class: "steps" }, said.map((line) => make("li", {}, make("b", {}, full.roles[line[2]]), " ", ...text(line), " ", make("a", { href: changed({ line: String(line[0]) }) }, `line ${line[0]}`)))));
  };

  const transcript = (full, isPass) => {
    // A second connection of a client goes on in the same lane.
    const lanes = [...new Set(full.roles.map((role) => role.split("#")[0]))];
    const decisive = new Set(full.rules.map((rule) => rule[3]).filter(Boolean));
    const body = full.lines.map((line) => {
      const [number, micros, roleAt, kind, text = "", hex = "", mutation = "", packet = 0] = line;
      const role = full.roles[roleAt];
      const isCause = number === full.sent, isDeciding = decisive.has(number);
      const tags = [mutation ? `mutated by ${mutation}` : "", isCause ? "the cause" : "", isDeciding ? "decides" : ""].filter(Boolean);
      const isSaid = kind >= KIND.expects && kind <= KIND.notes;
      const told = [make("span", { class: "hidden" }, `${SENSE[kind]} `), isSaid ? make("span", { class: "said" }, `${SENSE[kind]}: ${text}`) : packetWords(text, hex), ...tags.flatMap((tag) => [" ", make("span", { class: "tag" }, tag)])];
      const where = make("span", { class: "where" }, `${role} ${SIGNS[kind]}`);
      const cell = packet || hex.length > 64
        ? make("td", { class: "text" }, packetDetails([where, ...told], full, hex, packet, !isPass && (isCause || isDeciding || Boolean(mutation))))
        : make("td", { class: "text" }, where, ...told, hex && !packet ? make("span", { class: "quiet" }, `  ${hex}`) : null);
      return make("tr", { id: `line-${number}`, class: [isCause || isDeciding || mutation ? "mark" : "", kind === KIND.decides ? "decides" : ""].join(" ").trim() || null },
        make("td", { class: "n" }, number || ""), make("td", { class: "time" }, (micros / 1e6).toFixed(6)),
        lanes.map((lane) => make("td", { class: "lane", "aria-hidden": "true" }, lane === role.split("#")[0] ? make("span", {}, SIGNS[kind]) : "")),
        make("td", { class: "role" }, role, full.others?.[role] ? make("span", { class: "tag" }, full.others[role]) : null), cell);
    });
    const head = make("tr", {}, make("th", { scope: "col", class: "n" }, "Line"), make("th", { scope: "col", class: "time" }, "Seconds"), lanes.map(() => make("th", { class: "lane", "aria-hidden": "true" })), make("th", { scope: "col", class: "role" }, "Client"), make("th", { scope: "col" }, "What"));
    return make("div", {}, part("Transcript"), make("p", { class: "quiet" }, data().runs.some((run) => run.decoder) ? "\u2192 bytes as a client sends them, \u2190 as a server does, \u25aa what was asked, answered and decided. A packet opens to its bytes." : "A lane for each client: \u2192 sent, \u2190 received, \u25cf opened, \u25cb ended, \u2715 ended by the broker, \u25aa said by the case. A packet opens to its bytes."),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Transcript" }, make("table", { class: "transcript" }, make("thead", {}, head), make("tbody", {}, body))));
  };
  const PACKET = /^(CONNECT|CONNACK|PUBLISH|PUBACK|PUBREC|PUBREL|PUBCOMP|SUBSCRIBE|SUBACK|UNSUBSCRIBE|UNSUBACK|PINGREQ|PINGRESP|DISCONNECT|AUTH)\b(.*)$/s;
  const packetWords = (text, hex) => {
    const [, name, rest] = PACKET.exec(text) ?? [null, "", text];
    return make("span", { class: "packet" }, name ? make("b", {}, name) : null, rest || (name ? "" : text || hex.slice(0, 64)));
  };
  // The fields are laid out when the packet is first opened.
  const packetDetails = (summary, full, hex, packet, isOpen) => {
    const details = make("details", {}, make("summary", {}, ...summary));
    const fill = () => { if (details.childElementCount === 1) details.append(packet ? fields(full.packets[packet - 1], hex) : make("pre", {}, spaced(hex))); };
    details.addEventListener("toggle", fill);
    if (isOpen) { fill(); details.open = true; }
    return details;
  };
  const spaced = (hex) => /^[0-9a-f]*$/.test(hex) ? hex.replace(/../g, "$& ").trim() : hex;
  const SHOWN = 32;
  const fields = (all, hex) => {
    const cut = hex.includes("[..]") ? `The report leaves out the middle of this packet: ${hex.split("[..]")[1]}.` : "";
    const start = hex.split("[..]")[0];
    let before = -1;
    const body = all.map(([offset, length, path, value, fault]) => {
      const isSame = offset === before && length > 0;
      before = offset;
      const shown = Math.min(length, SHOWN);
      const bytes = spaced(start.slice(2 * offset, 2 * (offset + shown))) + (length > shown ? ` ... ${length - shown} more` : "");
      return make("tr", { class: fault ? "fault" : null }, make("td", { class: "n" }, isSame || !length ? "" : offset), make("td", { class: "bytes" }, isSame ? "" : bytes), make("td", { class: "path" }, data().paths[path]), make("td", {}, fault ? `${value}  \u2190 the rule is broken here` : value));
    });
    return make("div", {}, make("table", { class: "fields" }, make("thead", {}, make("tr", {}, ["Byte", "Bytes", "Field", "Value"].map((name) => make("th", { scope: "col", class: name === "Byte" ? "n" : null }, name)))), make("tbody", {}, body)), cut ? make("p", { class: "quiet" }, cut) : null);
  };

  // ---- What is shown.

  let state = read();
  let scrolled = new Map();
  let last = "";
  const place = document.title;
  const showFilters = () => {
    const isFiltered = !state.case && (state.view === "rules" || state.view === "cases");
    form.hidden = !isFiltered;
    if ($("q").value !== state.q) $("q").value = state.q;
    for (const input of form.querySelectorAll("input[type=checkbox]")) input.checked = input.name === "differs" ? Boolean(state.differs) : state[input.name].includes(input.value);
    for (const select of form.querySelectorAll("select")) select.value = state[select.name];
    const rule = $("rule");
    rule.hidden = !state.rule;
    rule.textContent = state.rule ? `rule ${state.rule.split("/")[1]} of MQTT ${state.rule.split("/")[0]} \u00d7` : "";
    rule.setAttribute("aria-label", `Show all rules, not only ${state.rule}`);
    return isFiltered;
  };
  const show = () => {
    state = read();
    document.body.dataset.view = state.case ? "case" : state.view;
    for (const view of [...VIEWS, "case"]) $(view).hidden = view !== document.body.dataset.view;
    for (const link of document.querySelectorAll("nav a")) {
      const name = link.hash.slice(1);
      if (name === "rules" || name === "cases") link.dataset.view = name;
      const isHere = (link.dataset.view ?? name) === (state.case ? "cases" : state.view);
      if (isHere) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    }
    let title = place;
    if (state.case) title = `${page()} | ${place}`;
    if (showFilters()) count(state.view === "rules" ? filterRules() : filterCases());
    document.title = title;
    document.documentElement.classList.remove("early");
  };
  const count = ([shown, all, what]) => {
    const text = shown === all ? `${grouped(all)} ${what}` : `${grouped(shown)} of ${grouped(all)} ${what}`;
    if ($("shown").textContent !== text) $("shown").textContent = text;
  };
  const lineOf = () => state.line && $(`line-${state.line}`);
  const arrive = () => {
    const before = last;
    last = location.hash;
    show();
    for (const row of document.querySelectorAll(".here")) row.classList.remove("here");
    const line = state.case && lineOf();
    if (line) {
      line.classList.add("here");
      const details = line.querySelector("details");
      if (line.closest("details")) line.closest("details").open = true;
      if (details) details.open = true;
      line.scrollIntoView({ block: "center" });
    } else if (/^#[^&=]+$/.test(location.hash) && !VIEWS.includes(location.hash.slice(1)) && $(location.hash.slice(1))) {
      $(location.hash.slice(1)).scrollIntoView();
    } else {
      window.scrollTo(0, scrolled.get(location.hash) ?? 0);
      if (state.case) $("case-heading").focus({ preventScroll: true });
      else if (/^#case=/.test(before)) focusRow(decodeURIComponent(before.slice(6).split("&")[0]));
    }
  };
  const focusRow = (id) => {
    const row = listed && listed.all.find((one) => one.id === id && !one.row.hidden);
    if (row && state.view === "cases") row.link.focus({ preventScroll: true });
  };
  // Filters change the address in its place, so that Back leaves the list and not its last letter.
  const filter = (changes) => {
    history.replaceState(null, "", changed(changes));
    last = location.hash;
    show();
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const { name, value, type } = event.target;
    if (type !== "checkbox" || name === "differs") return filter({ [name]: type === "checkbox" ? (event.target.checked ? "1" : "") : value });
    filter({ [name]: [...form.querySelectorAll(`input[name=${name}]:checked`)].map((input) => input.value) });
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    filter({ verdict: [], level: [], q: "", version: "", chapter: "", run: "", rule: "", differs: "" });
  });
  $("rule").addEventListener("click", () => { filter({ rule: "" }); $("q").focus(); });
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href^='#']");
    // The place in the list that is left, to come back to.
    if (link) scrolled.set(location.hash, window.scrollY);
    const button = event.target.closest("button.copy");
    if (!button) return;
    const text = button.dataset.text ?? button.previousElementSibling.textContent;
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  // ---- Keys.

  const shownRows = () => [...document.querySelectorAll(".view:not([hidden]) tbody tr:not([hidden]) a, .view:not([hidden]) summary")].filter((one) => one.offsetParent !== null);
  const move = (by) => {
    if (state.case) {
      const link = document.querySelector(`.way a[rel=${by > 0 ? "next" : "prev"}]`);
      if (!link) return;
      history.replaceState(null, "", link.hash);
      return arrive();
    }
    const all = shownRows();
    const at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? (by > 0 ? all.findIndex((one) => one.getBoundingClientRect().top > 120) : -1) : at + by];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const isTyping = event.target.matches("input[type=search], select, textarea");
    if (event.key === "Escape") {
      if (isTyping) event.target.blur();
      else if (state.case) location.hash = changed({ case: "", view: "cases", line: "" });
      else return;
      return event.preventDefault();
    }
    if (isTyping) return;
    if (event.key === "/") {
      if (form.hidden) location.hash = changed({ case: "", line: "", view: "cases" });
      // The view is changed by then.
      setTimeout(() => { $("q").focus(); $("q").select(); });
    } else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else return;
    event.preventDefault();
  });

  // What is folded is read on paper too.
  let unfolded = [], aside = [];
  window.addEventListener("beforeprint", () => {
    // A browser lays out a long list for paper although it is hidden.
    if ($("cases").hidden) { aside = [...$("list").children]; $("list").replaceChildren(); }
    unfolded = [...document.querySelectorAll(".view:not([hidden]) .of-several:not([open]), .view:not([hidden]) .list:not([open]), .view:not([hidden]) .group:not([open])")];
    for (const details of unfolded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of unfolded) details.open = false;
    $("list").append(...aside);
    unfolded = aside = [];
  });

  history.scrollRestoration = "manual";
  window.addEventListener("hashchange", arrive);
  for (const element of document.querySelectorAll(".scripted:not(form):not(.view)")) element.hidden = false;
  arrive();
})();
