// Comforts on top of pages that work without script. No inline handler: each behaviour is asked for by a data- attribute.
"use strict";

(() => {
  const live = () => document.getElementById("annonces");
  const announce = (text) => {
    if (live()) live().textContent = text;
  };
  // Storage may be refused (private window, policy): then nothing is kept, and nothing breaks.
  const storage = (kind, act) => {
    try {
      return act(window[kind]);
    } catch {
      return null;
    }
  };

  // What stands in an address may be spoilt ("#%"): it is then left as it is.
  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };

  // ---- Menus: <details data-menu> closes on Escape and on a click elsewhere.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (menu !== except) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details[data-menu]")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details[data-menu][open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });

  // ---- Confirmation: a button with data-confirm asks in the page's <dialog>. The answer adds confirmed=yes, so that a
  // server which sees it missing can show its own step.
  const addHidden = (form, name, value) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
    return input;
  };
  let asking = null;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-confirm]");
    const dialog = document.getElementById("confirmation");
    if (!button || !button.form || button.dataset.confirmed || !dialog?.showModal) return;
    event.preventDefault();
    dialog.querySelector("[data-question]").textContent = button.dataset.confirm;
    dialog.querySelector("button[value=yes]").textContent = button.textContent.trim();
    dialog.returnValue = "";
    asking = button;
    dialog.showModal();
    dialog.querySelector("button[value=no]").focus();
  });
  document.getElementById("confirmation")?.addEventListener("close", ({ target: dialog }) => {
    // Told a little after the dialog closed: it may ask again already, and that answer is still to come.
    if (dialog.open || !asking) return;
    const button = asking;
    asking = null;
    if (dialog.returnValue !== "yes") return button.focus();
    button.dataset.confirmed = "yes";
    const said = addHidden(button.form, "confirmed", "yes");
    button.form.requestSubmit(button);
    // An answer that is a file leaves the page as it is: the next press asks again.
    delete button.dataset.confirmed;
    said.remove();
  });

  const FILE_WAIT = 10_000;
  // ---- Double submission: form[data-once] is sent once; the button says that it is working.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.matches("form[data-once]")) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
    // A file leaves the page as it is, and nothing says when it came: the button serves again after a while.
    if (form.matches("[data-gives-file]")) setTimeout(release, FILE_WAIT, form);
  });
  const release = (form) => {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  };
  // A page brought back by "previous" must be usable again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-once]").forEach(release);
  });

  // ---- Support: form[data-support] is posted in place; {html, message} replaces it. Anything unexpected: a plain post.
  const sendPlainly = (form, button) => {
    if (button?.name) addHidden(form, button.name, button.value);
    form.submit();
  };
  const support = async (form, button) => {
    const body = new FormData(form);
    if (button?.name) body.append(button.name, button.value);
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(body),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
      });
      if (!response.ok) throw new Error(response.statusText);
      const { html, message } = await response.json();
      const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
      if (!fresh?.matches("form[data-support]")) throw new Error("unexpected answer");
      form.replaceWith(fresh);
      fresh.classList.add("just-changed");
      fresh.querySelector("button")?.focus({ preventScroll: true });
      announce(message);
    } catch {
      sendPlainly(form, button);
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.matches("form[data-support]")) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
    support(form, event.submitter);
  });

  // ---- Characters left, said aloud only when they run short.
  const countCharacters = (field) => {
    const note = document.getElementById(`${field.id}-compte`);
    if (!note?.dataset.left) return;
    const max = Number(field.dataset.count);
    let timer;
    const show = () => {
      const left = max - field.value.length;
      const text = (left < 0 ? note.dataset.over : note.dataset.left).replace("{n}", Math.abs(left).toLocaleString(document.documentElement.lang));
      note.textContent = text;
      note.classList.toggle("is-over", left < 0);
      clearTimeout(timer);
      if (left < max / 20) timer = setTimeout(() => announce(text), 1000);
    };
    if (field.value) show();
    field.addEventListener("input", show);
  };
  document.querySelectorAll("[data-count]").forEach(countCharacters);

  // ---- Unsent text: kept in the browser of a private device only, offered back, dropped once it has been received.
  const PREFIX = "texte-en-cours:";
  const DAYS_KEPT = 14;
  const isPrivate = document.body.dataset.privateDevice === "yes";
  const forgetAll = () =>
    storage("localStorage", (store) => Object.keys(store).filter((key) => key.startsWith(PREFIX)).forEach((key) => store.removeItem(key)));
  const typed = (form) => {
    const values = {};
    for (const field of form.elements) {
      if (!field.name || ["hidden", "password", "file", "submit", "button"].includes(field.type)) continue;
      if (["radio", "checkbox"].includes(field.type)) {
        if (field.checked) (values[field.name] ??= []).push(field.value);
      } else (values[field.name] ??= []).push(field.value);
    }
    return values;
  };
  const restore = (form, values) => {
    for (const [name, list] of Object.entries(values)) {
      const fields = [...form.elements].filter((field) => field.name === name && field.type !== "hidden");
      fields.forEach((field, i) => {
        if (["radio", "checkbox"].includes(field.type)) field.checked = list.includes(field.value);
        else if (list[i] !== undefined) field.value = list[i];
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
    }
  };
  const offer = (form, key, values) => {
    const template = document.getElementById("texte-retrouve");
    if (!template) return;
    const note = template.content.firstElementChild.cloneNode(true);
    note.querySelector("[data-resume]").addEventListener("click", () => {
      restore(form, values);
      note.remove();
      form.querySelector("textarea, input:not([type=hidden])")?.focus();
    });
    note.querySelector("[data-drop]").addEventListener("click", () => {
      storage("localStorage", (store) => store.removeItem(key));
      note.remove();
      form.querySelector("textarea, input:not([type=hidden])")?.focus();
    });
    form.prepend(note);
  };
  const keepDraft = (form) => {
    const key = PREFIX + form.dataset.draftKey;
    const asServed = JSON.stringify(typed(form));
    const kept = storage("localStorage", (store) => JSON.parse(store.getItem(key)));
    const isFresh = kept && Date.now() - kept.at < DAYS_KEPT * 864e5;
    const hasErrors = form.querySelector(".error-summary");
    if (isFresh && !hasErrors && JSON.stringify(kept.values) !== asServed) offer(form, key, kept.values);
    let timer;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => storage("localStorage", (store) => store.setItem(key, JSON.stringify({ at: Date.now(), values: typed(form) }))), 500);
    });
    form.addEventListener("submit", () => {
      clearTimeout(timer);
      storage("localStorage", (store) => store.setItem(key, JSON.stringify({ at: Date.now(), values: typed(form) })));
      storage("sessionStorage", (store) => store.setItem("texte-envoye", key));
    });
  };
  const forms = [...document.querySelectorAll("form[data-draft-key]")];
  if (!isPrivate) forgetAll();
  else {
    // The page after a successful post is another one: what was sent need not be kept any more.
    const sent = storage("sessionStorage", (store) => store.getItem("texte-envoye"));
    const received = document.body.dataset.received === "yes";
    if (sent && received && !forms.some((form) => PREFIX + form.dataset.draftKey === sent)) {
      storage("localStorage", (store) => store.removeItem(sent));
    }
    storage("sessionStorage", (store) => store.removeItem("texte-envoye"));
    forms.forEach(keepDraft);
  }
  document.querySelector("form[data-logout]")?.addEventListener("submit", forgetAll);

  // ---- A round: "Il y a du nouveau" opens its fields; without script they open by hand.
  document.addEventListener("change", (event) => {
    const row = event.target.closest?.(".round-choice")?.parentElement;
    if (row && event.target.value === "change") row.querySelector("details[data-round-change]")?.setAttribute("open", "");
  });

  // ---- A code after the # of the address goes into its field, and out of the address and the history.
  const coded = document.querySelector("input[data-from-address]");
  if (coded && location.hash.length > 1 && !coded.value) {
    coded.value = decoded(location.hash.slice(1)).replace(/(.{4})(?=.)/g, "$1 ");
    history.replaceState(null, "", location.pathname + location.search);
  }

  // ---- What was refused is read first; browsers that know autofocus on every element do it without script.
  document.querySelector("[data-focus]")?.focus();
})();
