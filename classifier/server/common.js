"use strict";
const $ = id => document.getElementById(id);
function make(name, text, cls) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls;
  return e;
}
/* The headline with the words that speak for and against its section marked; `title` words a mark's tooltip. */
function marked(headline, words, title = () => "") {
  const parts = [];
  let at = 0;
  for (const { span: [from, to], weight } of words.filter(w => w.span).sort((a, b) => a.span[0] - b.span[0])) {
    if (from < at) continue;
    const mark = make("mark", headline.slice(from, to), weight >= 0 ? "for" : "against");
    mark.title = title(weight);
    parts.push(headline.slice(at, from), mark);
    at = to;
  }
  return [...parts, headline.slice(at)];
}
