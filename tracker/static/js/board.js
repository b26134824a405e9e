// The moment of the board: a slider over month ends beside the date field. Without it, the form is a plain GET form.
"use strict";

(() => {
  const WAIT = 700;
  const lang = document.documentElement.lang;
  const iso = (date) => date.toISOString().slice(0, 10);
  const monthEnds = (first, last) => {
    const days = [];
    const start = new Date(`${first}T00:00:00Z`);
    const end = new Date(`${last}T00:00:00Z`);
    for (let i = 1; ; i += 1) {
      const day = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + i, 0));
      if (day >= end) break;
      days.push(iso(day));
    }
    return [...days, last];
  };
  const inWords = (day) => new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));

  const addSlider = (form) => {
    const field = form.querySelector("input[type=date]");
    const { first, last, label } = form.dataset;
    if (!field || !first || !last || first >= last) return;
    const days = monthEnds(first, last);
    const nearest = (day) => {
      const after = days.findIndex((one) => one >= day);
      return after < 0 ? days.length - 1 : after;
    };

    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: 0, max: days.length - 1, step: 1, value: nearest(field.value) });
    slider.setAttribute("aria-label", label || field.labels[0].textContent);
    const said = document.createElement("output");
    const say = (day) => {
      said.textContent = inWords(day);
      slider.setAttribute("aria-valuetext", inWords(day));
    };
    say(field.value || days[slider.value]);

    let timer;
    slider.addEventListener("input", () => {
      field.value = days[slider.value];
      say(field.value);
      clearTimeout(timer);
    });
    // A key press is a change as well: wait for the last one before leaving the page.
    slider.addEventListener("change", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        try {
          sessionStorage.setItem("curseur", form.dataset.moment || "oui");
        } catch {
          // Only the focus after loading is lost.
        }
        form.requestSubmit();
      }, WAIT);
    });
    field.addEventListener("change", () => {
      slider.value = nearest(field.value);
      if (field.value) say(field.value);
    });
    form.prepend(slider, said);
    try {
      if (sessionStorage.getItem("curseur")) slider.focus({ preventScroll: true });
      sessionStorage.removeItem("curseur");
    } catch {
      // No storage: the slider simply has no focus.
    }
  };
  document.querySelectorAll("form[data-moment]").forEach(addSlider);
})();
