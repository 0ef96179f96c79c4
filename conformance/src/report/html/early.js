document.documentElement.classList.add("early", /^#?(overview|broken-|$)/.test(location.hash) ? "first" : "other");
