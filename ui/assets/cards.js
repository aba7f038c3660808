// Draws one row or wall of films as a single element of the page, and says what was pressed on it.
//
// What Streamlit would need some ten elements a card for is one here, and a press shows at once: the button
// changes, then the app answers with the new order. Everything from data is set as text or as an attribute.
// A press names the state it asks for and a rising number; it is repeated until the app has counted it
// (`data.done`), so that a second press during an answer loses nothing and none counts twice.

const SHAPES = {
  like: [
    "M9 21h9c.83 0 1.54-.5 1.84-1.22l3.02-7.05c.09-.23.14-.47.14-.73v-2c0-1.1-.9-2-2-2h-6.31l.95-4.57.03-.32c0-.41-.17-.79-.44-1.06L14.17 1 7.58 7.59C7.22 7.95 7 8.45 7 9v10c0 1.1.9 2 2 2zM9 9l4.34-4.34L12 10h9v2l-3 7H9V9zM1 9h4v12H1z",
    "M1 21h4V9H1v12zm22-11c0-1.1-.9-2-2-2h-6.31l.95-4.57.03-.32c0-.41-.17-.79-.44-1.06L14.17 1 7.59 7.59C7.22 7.95 7 8.45 7 9v10c0 1.1.9 2 2 2h9c.83 0 1.54-.5 1.84-1.22l3.02-7.05c.09-.23.14-.47.14-.73v-2z",
  ],
  save: [
    "M17 3H7c-1.1 0-2 .9-2 2v16l7-3 7 3V5c0-1.1-.9-2-2-2zm0 15-5-2.18L7 18V5h10v13z",
    "M17 3H7c-1.1 0-1.99.9-1.99 2L5 21l7-3 7 3V5c0-1.1-.9-2-2-2z",
  ],
};
SHAPES.dislike = SHAPES.like;
const WORDS = {
  like: ["Like", "Take back like"],
  dislike: ["Not for me", "Take back “not for me”"],
  save: ["Save", "Remove from saved"],
};
const ACTIONS = Object.keys(WORDS);
const MOVE_MS = 260;

export default function draw({ data, parentElement, setStateValue }) {
  let wall = parentElement.querySelector(":scope > .mr-cards");
  if (!wall) {
    const head = make("div", "mr-head", parentElement);
    wall = make("div", "mr-cards", parentElement);
    wall.setAttribute("role", "list");
    Object.assign(wall, { head, cards: new Map(), presses: [], last: 0 });
    wall.addEventListener("click", (event) => answerClick(wall, event));
  }
  wall.dataset.layout = data.layout;
  fillHead(wall, data.head);
  wall.send = (presses) => setStateValue("presses", presses);
  wall.done = data.done;
  wall.presses = wall.presses.filter((press) => press.n > data.done);
  const before = measure(wall);
  const focus = findFocus(wall);
  arrange(wall, data.cards);
  restoreFocus(wall, focus);
  animate(wall, before);
}

// Whoever uses the keyboard stays on the button they pressed, wherever its card went; where the card left,
// they are on the same button of the card that took its place.
function findFocus(wall) {
  const part = document.activeElement;
  const node = wall.contains(part) ? part.closest(".mr-card") : null;
  return node && { part, place: [...wall.children].indexOf(node), action: part.dataset.action };
}

function restoreFocus(wall, focus) {
  if (!focus || document.activeElement === focus.part) return;
  const heir = wall.children[Math.min(focus.place, wall.children.length - 1)];
  const part = focus.part.isConnected
    ? focus.part
    : heir?.querySelector(focus.action ? `[data-action="${focus.action}"]` : "a");
  part?.focus({ preventScroll: true });
}

function fillHead(wall, head) {
  wall.head.hidden = !head;
  if (!head) return;
  if (!wall.head.heading) {
    wall.head.heading = make("h2", "", wall.head);
    wall.head.hint = make("p", "", wall.head);
    wall.head.more = make("button", "mr-more", wall.head);
    wall.head.more.type = "button";
    wall.head.more.addEventListener("click", () => press(wall, "", "more", true));
  }
  wall.head.heading.textContent = head.title;
  wall.head.hint.textContent = head.hint;
  wall.head.more.hidden = !head.n_more;
  wall.head.more.textContent = `${head.n_more} more`;
  wall.head.more.setAttribute("aria-label", `${head.n_more} more of ${head.title}`);
}

function arrange(wall, cards) {
  const wanted = new Set(cards.map((card) => card.item_id));
  for (const [id, node] of wall.cards) {
    if (!wanted.has(id)) {
      node.remove();
      wall.cards.delete(id);
    }
  }
  cards.forEach((card, place) => {
    let node = wall.cards.get(card.item_id);
    if (!node) {
      node = makeCard();
      wall.cards.set(card.item_id, node);
    }
    // Moving a node would drop its focus and its scroll position, so only what is out of place moves.
    if (wall.children[place] !== node) wall.insertBefore(node, wall.children[place] ?? null);
    fill(node, card);
    showMarks(wall, node);
  });
}

function makeCard() {
  const node = make("article", "mr-card");
  node.setAttribute("role", "listitem");
  const figure = make("figure", "mr-poster", node);
  const image = make("img", "", figure);
  Object.assign(image, { loading: "lazy", decoding: "async", width: 300, height: 450 });
  image.addEventListener("error", () => figure.classList.add("mr-missing"));
  const corner = make("figcaption", "", figure);
  corner.setAttribute("aria-hidden", "true");
  const link = make("a", "mr-title", node);
  const facts = make("div", "mr-facts", node);
  node.parts = { figure, image, corner, link, facts, marks: null };
  return node;
}

function fill(node, card) {
  const text = JSON.stringify(card);
  if (node.drawn === text) return;
  node.drawn = text;
  node.card = card;
  const { figure, image, corner, link, facts } = node.parts;
  figure.classList.toggle("mr-faded", card.faded);
  figure.dataset.name = card.name;
  if (image.getAttribute("src") !== card.poster) {
    figure.classList.remove("mr-missing");
    image.src = card.poster;
  }
  image.alt = `Poster of ${card.name}`;
  corner.replaceChildren();
  if (card.place !== null) make("span", "mr-place", corner).textContent = card.place;
  if (card.badge) make("span", `mr-move mr-${card.badge.tone}`, corner).textContent = card.badge.text;
  link.textContent = card.title;
  link.href = card.href;
  facts.replaceChildren();
  if (card.match || card.facts) {
    const first = make("p", "", facts);
    if (card.match) {
      const match = make("b", "mr-match", first);
      match.textContent = card.match.text;
      match.title = card.match.note;
      first.append(" ");
    }
    first.append(card.facts);
  }
  for (const line of card.lines) {
    const shown = make("p", `mr-line mr-${line.tone}`, facts);
    shown.title = line.note || [line.text, line.strong].filter(Boolean).join(" ");
    if (line.lead) make("b", "", shown).textContent = `${line.lead} `;
    shown.append(line.text);
    if (line.strong) make("b", "", shown).textContent = ` ${line.strong}`;
  }
}

function showMarks(wall, node) {
  const marks = node.card.marks;
  if (!marks) return;
  node.parts.marks ??= makeButtons(node);
  const now = new Set(marks);
  for (const press of wall.presses) {
    if (press.item_id !== node.card.item_id) continue;
    if (press.on) now.add(press.action);
    else now.delete(press.action);
    if (press.on && press.action === "like") now.delete("dislike");
    if (press.on && press.action === "dislike") now.delete("like");
  }
  for (const button of node.parts.marks.children) {
    const action = button.dataset.action;
    const on = now.has(action);
    const words = WORDS[action][on ? 1 : 0];
    button.setAttribute("aria-label", `${words}: ${node.card.name}`);
    button.title = words;
    button.classList.toggle("mr-on", on);
    button.firstChild.firstChild.setAttribute("d", SHAPES[action][on ? 1 : 0]);
  }
}

function makeButtons(node) {
  const row = make("div", "mr-marks", node);
  for (const action of ACTIONS) {
    const button = make("button", "mr-mark", row);
    button.type = "button";
    button.dataset.action = action;
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    icon.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    button.append(icon);
  }
  return row;
}

function answerClick(wall, event) {
  const node = event.target.closest(".mr-card");
  if (!node) return;
  const button = event.target.closest(".mr-mark");
  if (button) {
    press(wall, node.card.item_id, button.dataset.action, !button.classList.contains("mr-on"));
    showMarks(wall, node);
    return;
  }
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (event.target.closest("a") && plain) {
    event.preventDefault(); // within the session; a new tab is left to the browser
    press(wall, node.card.item_id, "open", true);
  }
}

function press(wall, item_id, action, on) {
  wall.last = Math.max(Date.now(), wall.last + 1, wall.done + 1);
  wall.presses = [...wall.presses, { n: wall.last, item_id, action, on }];
  wall.send(wall.presses);
}

function measure(wall) {
  if (wall.dataset.layout !== "wall" || matchMedia("(prefers-reduced-motion: reduce)").matches) return null;
  return new Map([...wall.cards].map(([id, node]) => [id, node.getBoundingClientRect()]));
}

function animate(wall, before) {
  if (!before?.size) return;
  for (const [id, node] of wall.cards) {
    const from = before.get(id);
    if (!from) continue;
    const to = node.getBoundingClientRect();
    const [x, y] = [from.left - to.left, from.top - to.top];
    if (!x && !y) continue;
    node.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], {
      duration: MOVE_MS,
      easing: "ease-out",
    });
  }
}

function make(tag, className, parent) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  parent?.append(node);
  return node;
}
