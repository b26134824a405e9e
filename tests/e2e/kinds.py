"""Which elements the rules of colours look at: one of each kind, once for a whole run of the tests.

These rules take most of axe's time, and judge from what the browser computed: colours, size and weight of a text, and
every background, opacity or effect behind it. A kind is all of that, with the names and classes of the element and of
its parent: two elements of a kind get the same answer, in whatever page, scheme or width they stand. In a drawing what
lies behind a text is no ancestor: there a kind is of one page, at one width. test_inspector.py shows that a colour gone
wrong by whatever rule is another kind.
"""

from __future__ import annotations

# Given the kinds known already, separated by spaces; gives back those that are new. Only what is seen is marked: axe
# says nothing of the rest, which may be seen later.
MARK_KINDS = """([every, knownBefore]) => {
  const known = new Set(knownBefore.split(" ")), fresh = new Set();
  const CLEAR = "rgba(0, 0, 0, 0)";
  const here = `${location.href} ${innerWidth}`;
  const hash = (text) => {
    let a = 0xdeadbeef, b = 0x41c6ce57;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    return `${(a >>> 0).toString(36)}.${(b >>> 0).toString(36)}`;
  };
  const named = (e) => `${e.tagName}.${e.getAttribute("class") || ""}`;
  const behind = (e, style) => [
    style.backgroundColor === CLEAR ? "" : style.backgroundColor,
    style.backgroundImage === "none" ? "" : style.backgroundImage.slice(0, 200),
    style.opacity === "1" ? "" : style.opacity, style.filter === "none" ? "" : style.filter,
    style.mixBlendMode === "normal" ? "" : style.mixBlendMode,
    // what is placed apart may lie on anything: it is told by its name
    style.position === "static" || style.position === "relative" ? "" : `${style.position} ${named(e)}`,
  ].filter(Boolean).join();
  const around = (link) => {  // a link is compared with the text around it
    let block = link.parentElement;
    while (block.parentElement && getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
    const style = getComputedStyle(block), length = (e) => e.textContent.trim().length;
    const linked = [...block.querySelectorAll("a")].reduce((sum, e) => sum + length(e), 0);
    return [style.color, style.fontWeight, style.fontSize, style.backgroundColor, length(block) > linked];
  };
  const words = (e) => {
    if (e.matches("input, textarea, select")) return `${e.type} ${e.value.length > 1}`;
    let length = 0;
    for (const node of e.childNodes) if (node.nodeType === 3) length += node.data.trim().length;
    return length ? `text ${length > 1}` : "";
  };
  const walk = (e, below, above, place) => {
    const style = getComputedStyle(e);
    if (style.display === "none") return;
    const under = behind(e, style);
    const stack = under ? `${below}/${under}` : below;
    const drawn = e instanceof SVGElement;
    const path = drawn ? `${place}>${named(e)}[${e.getAttribute("style")}]` : "";
    const link = e.matches("a[href]");
    const text = words(e);
    if ((text || link) && (every || e.checkVisibility({ opacityProperty: true, visibilityProperty: true }))) {
      const kind = hash([
        stack, above, named(e), text, path, drawn && here,
        style.color, style.webkitTextFillColor, style.webkitTextStroke, style.fontSize, style.fontWeight,
        style.textShadow, style.visibility, drawn && style.fill,
        e.matches(":disabled, :disabled *, [aria-disabled=true], [aria-disabled=true] *") || !!e.control?.disabled,
        link && [around(e), style.textDecorationLine, style.borderBottom, style.display],
      ].join("|"));
      if (every || !known.has(kind)) {
        e.setAttribute("data-kind", "");
        known.add(kind);
        fresh.add(kind);
      }
    }
    for (const child of e.children) walk(child, stack, named(e), path);
  };
  document.querySelectorAll("[data-kind]").forEach((e) => e.removeAttribute("data-kind"));
  walk(document.body, behind(document.documentElement, getComputedStyle(document.documentElement)), "", "");
  axe.configure({ rules: [
    { id: "color-contrast", selector: "[data-kind]" }, { id: "link-in-text-block", selector: "a[href][data-kind]" },
  ] });
  return [...fresh].join(" ");
}"""
