// Boxes over the picture, bars beside it, lines below it.

const SVG = "http://www.w3.org/2000/svg";
const SPAN = 60; // seconds of the timeline

export const percent = (share) => `${Math.round(share * 100)} %`;
export const colour = (label) => `var(--${CSS.escape(label)}, var(--s7))`;
export const named = (face) => `${face.label} ${percent(face.confidence)}${face.sure === false ? " (not sure)" : ""}`;

export function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, settings);
  element.append(...children);
  return element;
}

// `paint` is of the style: the page's policy allows none in attributes
function shape(tag, settings, paint = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(settings)) element.setAttribute(key, value);
  Object.assign(element.style, paint);
  return element;
}

export function drawBoxes(svg, picture, mirrored) {
  svg.replaceChildren();
  if (!picture) return;
  svg.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
  const shown = svg.clientWidth / picture.width || 1;
  const size = 15 / shown; // 15 pixels of the screen
  for (const face of picture.faces) {
    const [left, y, width, height] = face.box;
    const x = mirrored ? picture.width - left - width : left;
    const dashes = face.sure === false ? { "stroke-dasharray": "6 5" } : {};
    const frame = { x, y, width, height, rx: size / 4, class: "frame", ...dashes };
    svg.append(shape("rect", frame, { stroke: colour(face.label) }));
    const text = shape("text", { "font-size": size });
    text.textContent = named(face);
    svg.append(text);
    const wide = text.getComputedTextLength() + size * 0.8;
    const place = Math.max(0, Math.min(x, picture.width - wide));
    const top = y >= size * 1.6 ? y - size * 1.6 : Math.min(y + height, picture.height - size * 1.5);
    text.setAttribute("x", place + size * 0.4);
    text.setAttribute("y", top + size * 1.1);
    const ground = { x: place, y: top, width: wide, height: size * 1.5, rx: size / 4 };
    svg.insertBefore(shape("rect", { ...ground, class: "ground" }, { stroke: colour(face.label) }), text);
  }
}

// Cards are kept from picture to picture, so that bars move instead of being made anew.
export function drawFaces(list, faces) {
  while (list.children.length > faces.length) list.lastChild.remove();
  faces.forEach((face, k) => {
    const names = Object.keys(face.probabilities);
    let card = list.children[k];
    if (card?.dataset.names !== names.join()) {
      const fresh = newCard(names);
      card ? card.replaceWith(fresh) : list.append(fresh);
      card = fresh;
    }
    const [title, tag, sure] = card.firstChild.children;
    title.textContent = faces.length > 1 ? `${k + 1}. ${face.label}` : face.label;
    tag.hidden = face.sure !== false;
    sure.textContent = percent(face.confidence);
    names.forEach((name, row) => {
      const line = card.lastChild.children[row];
      line.classList.toggle("top", name === face.label);
      line.children[1].style.setProperty("--share", face.probabilities[name]);
      line.children[2].textContent = percent(face.probabilities[name]);
    });
  });
}

function newCard(names) {
  const bars = names.map((name) => {
    const bar = make("i", { ariaHidden: "true" });
    bar.style.setProperty("--colour", colour(name));
    return make("li", {}, make("span", { textContent: name }), bar, make("span"));
  });
  const tag = make("span", { className: "caution", textContent: "not sure" });
  const card = make("article", {}, make("h3", {}, make("span"), tag, make("b")), make("ul", { className: "bars" }, ...bars));
  card.dataset.names = names.join();
  return card;
}

export class Timeline {
  constructor(svg, legend) {
    Object.assign(this, { svg, legend, moments: [], began: performance.now() });
  }

  clear() {
    this.moments = [];
  }

  // null where nobody is there
  add(probabilities) {
    const now = performance.now() / 1000;
    this.moments.push({ now, probabilities });
    this.moments = this.moments.filter((moment) => now - moment.now <= SPAN);
    this.draw(now);
  }

  draw(now) {
    const width = this.svg.clientWidth || 600, height = 190, left = 40, right = 8, top = 8, bottom = 24;
    const across = (moment) => width - right - ((now - moment.now) / SPAN) * (width - left - right);
    const down = (share) => height - bottom - share * (height - top - bottom);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren();
    for (const share of [0, 0.5, 1]) {
      this.svg.append(shape("line", { class: "grid", x1: left, x2: width - right, y1: down(share), y2: down(share) }));
      this.write(percent(share), left - 6, down(share) + 4, "end");
    }
    for (const ago of [60, 40, 20]) this.write(`${ago} s ago`, across({ now: now - ago }), height - 6, ago === SPAN ? "start" : "middle");
    this.write("now", width - right, height - 6, "end");
    const names = Object.keys(this.moments.findLast((moment) => moment.probabilities)?.probabilities ?? {});
    for (const name of names) {
      let pen = "M", path = "";
      for (const moment of this.moments) {
        const share = moment.probabilities?.[name];
        if (share === undefined) { pen = "M"; continue; }
        path += `${pen}${across(moment).toFixed(1)} ${down(share).toFixed(1)}`;
        pen = "L";
      }
      this.svg.append(shape("path", { d: path }, { stroke: colour(name) }));
    }
    if (names.length && this.legend.dataset.names !== names.join()) {
      this.legend.dataset.names = names.join();
      this.legend.replaceChildren(...names.map((name) => {
        const item = make("li", { textContent: name });
        item.style.setProperty("--colour", colour(name));
        return item;
      }));
    }
  }

  write(text, x, y, anchor) {
    const element = shape("text", { x, y, "text-anchor": anchor });
    element.textContent = text;
    this.svg.append(element);
  }
}
