// Chromium without a window, driven over a pipe by its own protocol. Nothing is downloaded for it, and no port is opened.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// What a step may take before the test says that it hangs, in milliseconds.
const LIMIT = 15_000;

export class Browser {
  #process; #folder; #pending = new Map(); #listeners = new Map(); #next = 1; #unread = "";

  constructor(path) {
    this.#folder = mkdtempSync(join(tmpdir(), "html-test-"));
    const options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync", "--hide-scrollbars", "--mute-audio",
      `--user-data-dir=${this.#folder}`, "about:blank"];
    this.#process = spawn(path, options, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.#process.on("exit", (code) => this.#end(new Error(`the browser ended with ${code}`)));
    this.#process.stdio[4].setEncoding("utf8").on("data", (text) => this.#read(text));
    this.#process.stdio[3].on("error", () => {});
  }

  #read(text) {
    const messages = (this.#unread + text).split("\0");
    this.#unread = messages.pop();
    for (const message of messages.map((one) => JSON.parse(one))) {
      if (message.id) {
        const { resolve, reject } = this.#pending.get(message.id) ?? {};
        this.#pending.delete(message.id);
        if (message.error) reject?.(new Error(`${message.error.message} ${message.error.data ?? ""}`)); else resolve?.(message.result);
      } else for (const listener of this.#listeners.get(message.sessionId) ?? []) listener(message.method, message.params);
    }
  }

  #end(error) {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  send(method, params = {}, sessionId = undefined, limit = LIMIT) {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method} is not answered`)), limit);
      const settle = (by) => (value) => { clearTimeout(timer); by(value); };
      this.#pending.set(id, { resolve: settle(resolve), reject: settle(reject) });
    });
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return answer;
  }

  async page() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.#listeners.set(sessionId, [(method, params) => page.on(method, params)]);
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await page.send(`${domain}.enable`);
    return page;
  }

  async close() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    if (this.#process.exitCode === null) {
      this.send("Browser.close").catch(() => {});
      const timer = setTimeout(() => this.#process.kill("SIGKILL"), 3000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export class Page {
  // What the page should never have: errors, dialogs, requests beyond its own file.
  problems = []; requests = []; wide = 0; #browser; #session; #loaded = [];

  constructor(browser, session) { this.#browser = browser; this.#session = session; }

  send(method, params, limit = undefined) { return this.#browser.send(method, params, this.#session, limit); }

  on(method, params) {
    if (method === "Page.loadEventFired") for (const loaded of this.#loaded.splice(0)) loaded();
    if (method === "Runtime.exceptionThrown") this.problems.push(`exception: ${params.exceptionDetails.exception?.description ?? params.exceptionDetails.text}`);
    if (method === "Runtime.consoleAPICalled") this.problems.push(`console.${params.type}: ${params.args.map((one) => one.value ?? one.description).join(" ")}`);
    if (method === "Log.entryAdded") this.problems.push(`log: ${params.entry.level} ${params.entry.text}`);
    if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
    if (method === "Page.javascriptDialogOpening") {
      this.problems.push(`dialog: ${params.message}`);
      this.send("Page.handleJavaScriptDialog", { accept: false }).catch(() => {});
    }
  }

  async #load(begin) {
    const loaded = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the page is not loaded")), LIMIT);
      this.#loaded.push(() => { clearTimeout(timer); resolve(); });
    });
    await begin();
    await loaded;
  }

  open(url) { return this.#load(() => this.send("Page.navigate", { url })); }
  reload() { return this.#load(() => this.send("Page.reload")); }

  async run(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  // Until it is so; asked again with each frame that the page draws.
  async until(what, expression) {
    const asked = `new Promise((resolve) => { const end = performance.now() + ${LIMIT / 3};
      const ask = () => { let is = false; try { is = Boolean(${expression}); } catch {} if (is || performance.now() > end) resolve(is); else setTimeout(ask, 5); }; ask(); })`;
    if (!await this.run(asked)) throw new Error(`it never came about that ${what}: ${expression}`);
  }

  async key(key) {
    const codes = { Escape: 27, Enter: 13, Tab: 9, "/": 191 };
    const text = key.length === 1 ? key : key === "Enter" ? "\r" : undefined;
    const event = { key, text, windowsVirtualKeyCode: codes[key] ?? key.toUpperCase().charCodeAt(0), code: key.length > 1 ? key : undefined };
    await this.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event, text: undefined });
  }

  async write(text) { await this.send("Input.insertText", { text }); }

  async click(selector) {
    const [x, y] = await this.run(`(() => { const element = document.querySelector(${JSON.stringify(selector)}); element.scrollIntoView({ block: "center" }); const box = element.getClientRects()[0]; return [box.x + box.width / 2, box.y + box.height / 2]; })()`);
    for (const type of ["mousePressed", "mouseReleased"]) await this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
  }

  async width(width, height = 900) {
    this.wide = width;
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 500 });
  }
  async scheme(value) { await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] }); }
  async back() {
    const { currentIndex, entries } = await this.send("Page.getNavigationHistory");
    await this.send("Page.navigateToHistoryEntry", { entryId: entries[currentIndex - 1].id });
  }
  async picture() { return Buffer.from((await this.send("Page.captureScreenshot", { format: "png" })).data, "base64"); }
  async pdf() { return Buffer.from((await this.send("Page.printToPDF", { printBackground: true, preferCSSPageSize: true }, 4 * LIMIT)).data, "base64"); }
}
