// The script of a report: theme, tables that sort, charts with values, items by their address #item/KEY, boards.
"use strict";
(() => {
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) key in made ? (made[key] = value) : made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  // ---- Theme: as the system has it, until the reader chooses ----
  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.style.colorScheme || (system.matches ? "dark" : "light")) === "dark";
  const showTheme = () => { theme.textContent = isDark() ? "light" : "dark"; theme.ariaLabel = `switch to ${theme.textContent} colours`; };
  theme.hidden = false;
  theme.addEventListener("click", () => { document.documentElement.style.colorScheme = isDark() ? "light" : "dark"; showTheme(); });
  system.addEventListener("change", showTheme);
  showTheme();

  // ---- Tables: a click or a key on a heading sorts by values; empty cells come last ----
  const valueOf = (row, column) => {
    const cells = [...row.cells];
    let at = 0;
    for (const cell of cells) {
      if (at + cell.colSpan > column) return cell.dataset.value ?? cell.textContent.trim();
      at += cell.colSpan;
    }
    return "";
  };
  const isEmpty = (text) => text === "" || text === "nan";
  const compare = (a, b) => {
    const [x, y] = [Number(a.replace("inf", "Infinity")), Number(b.replace("inf", "Infinity"))];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
  };
  const makeSortable = (table) => {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      const button = element("button", { type: "button" }, heading.textContent);
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        headings.forEach((each) => each.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
        rows.sort(([a], [b]) => isEmpty(a) - isEmpty(b) || (down ? compare(b, a) : compare(a, b)));
        table.tBodies[0].append(...rows.map(([, row]) => row));
      });
    });
  };
  document.querySelectorAll("table.sortable").forEach(makeSortable);

  // ---- What the page carries compressed ----
  const unpack = async (node) => {
    const bytes = Uint8Array.from(atob(node.textContent), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };

  // ---- Charts: Vega takes the place of a drawn chart, with values under the pointer ----
  const charts = async () => {
    const figures = [...document.querySelectorAll("figure.chart")];
    if (!figures.length || !("DecompressionStream" in window)) return;
    document.head.append(element("script", { textContent: await unpack(document.getElementById("runtime")) }));
    const specifications = JSON.parse(await unpack(document.getElementById("specifications")));
    for (const figure of figures) {
      const plot = figure.querySelector(".plot");
      const drawn = element("div");
      const options = { renderer: "svg", actions: { export: true, source: false, compiled: false, editor: false }, downloadFileName: figure.id };
      await vegaEmbed(drawn, specifications[figure.id], options);
      plot.replaceChildren(drawn);
      plot.classList.add("live");
      await new Promise((resume) => setTimeout(resume));
    }
  };

  // ---- Items ----
  const items = new Map(); // by key
  const studies = new Map(); // the items of a study, once they are unpacked
  const load = (box) => {
    const study = box.dataset.study;
    if (!studies.has(study)) {
      studies.set(study, unpack(box.querySelector("script")).then((text) => {
        const found = JSON.parse(text);
        found.forEach((item, index) => items.set(item.key, { ...item, study, before: found[index - 1]?.key, after: found[index + 1]?.key }));
        return found;
      }));
    }
    return studies.get(study);
  };
  const number = (value) => (typeof value === "number" ? value.toLocaleString("en", { maximumSignificantDigits: 5 }) : String(value ?? ""));
  const list = async (box) => {
    const found = await load(box);
    const names = [...new Set(found.flatMap((item) => Object.keys(item.facts)))];
    const differing = names.map((name) => [name, [...new Set(found.map((item) => item.facts[name] ?? ""))]]).filter(([, values]) => values.length > 1);
    const scores = [...new Set(found.flatMap((item) => Object.keys(item.scores)))];
    const body = element("tbody");
    const chosen = {};
    const count = element("span", { className: "soft" });
    const fill = () => {
      const rows = found.filter((item) => Object.entries(chosen).every(([name, value]) => value === null || (item.facts[name] ?? "") === value));
      count.textContent = `${rows.length} of ${found.length}`;
      body.replaceChildren(...rows.map((item) => element("tr", {},
        element("td", {}, element("a", { href: `#item/${encodeURIComponent(item.key)}` }, "open")),
        ...differing.map(([name]) => element("td", {}, item.facts[name] ?? "")),
        ...scores.map((name) => element("td", { className: "n" }, number(item.scores[name]))))));
    };
    const filters = element("div", { className: "filters" }, ...differing.filter(([, values]) => values.length <= 40).map(([name, values]) => {
      const select = element("select", {}, element("option", { textContent: "all" }), ...values.map((value) => element("option", { textContent: value || "none" })));
      select.addEventListener("change", () => { chosen[name] = select.selectedIndex ? values[select.selectedIndex - 1] : null; fill(); });
      return element("label", {}, `${name} `, select);
    }), count);
    const head = element("tr", {}, ...["", ...differing.map(([name]) => name)].map((name) => element("th", { scope: "col", textContent: name })),
      ...scores.map((name) => element("th", { scope: "col", className: "n", textContent: name })));
    const table = element("table", { className: "sortable" }, element("thead", {}, head), body);
    box.querySelector(".no-script").replaceWith(filters, element("div", { className: "scroll", tabIndex: 0 }, table));
    fill();
    makeSortable(table);
  };
  const boxes = [...document.querySelectorAll("details.items")];
  boxes.forEach((box) => box.addEventListener("toggle", () => { if (box.open && !box.dataset.listed) { box.dataset.listed = "yes"; list(box); } }));

  const main = document.querySelector("main");
  const article = document.getElementById("item");
  const title = document.title;
  let place = 0;
  const route = async () => {
    const [, key] = location.hash.match(/^#item\/(.+)$/) ?? [];
    if (key === undefined) {
      if (!article.hidden) { article.hidden = true; main.hidden = false; document.title = title; if (!location.hash || location.hash === "#") scrollTo(0, place); else document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView(); }
      return;
    }
    if (!main.hidden) place = scrollY;
    await Promise.all(boxes.map(load));
    const item = items.get(decodeURIComponent(key));
    const link = (to, text) => element("a", { href: `#item/${encodeURIComponent(to)}` }, text);
    const trail = element("p", { className: "trail" });
    article.replaceChildren(trail);
    if (item === undefined) {
      trail.append(element("a", { href: "#run" }, "the report"));
      article.append(element("p", { className: "warn", textContent: `This page has no case ${decodeURIComponent(key)}. It may be in the log.` }));
    } else {
      trail.append(element("a", { href: `#study-${item.study}` }, `← ${document.getElementById(`study-${item.study}`).textContent}`));
      if (item.before) trail.append(link(item.before, "previous"));
      if (item.after) trail.append(link(item.after, "next"));
      const facts = element("tbody", {}, ...Object.entries(item.facts).map(([name, value]) => element("tr", {}, element("th", { scope: "row", textContent: name }), element("td", { className: "prompt", textContent: value }))));
      const content = element("div");
      content.innerHTML = item.html; // escaped when the page was made
      article.append(element("h2", { textContent: `Case ${item.key}` }), element("div", { className: "scroll" }, element("table", { className: "facts" }, facts)), content);
      if (item.game) board(content.querySelector(".board"), item.game);
      document.title = `${item.key} · ${title}`;
    }
    main.hidden = true;
    article.hidden = false;
    scrollTo(0, 0);
  };
  addEventListener("hashchange", route);

  // ---- Boards ----
  const drawing = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const letters = "ABCDEFGHJKLMNOPQRSTUVWXYZ";
  const picture = (game, frame, before) => {
    const { look, rows, columns } = game;
    const side = 36, edge = 26, slant = look === "hexagons" ? 0.5 : 0, high = look === "hexagons" ? 0.866 : 1;
    const at = (row, column) => [edge + (column + 0.5 + row * slant) * side, edge + (row + 0.5) * side * high];
    const [width, height] = [2 * edge + (columns + (rows - 1) * slant) * side, 2 * edge + (rows - 1) * side * high + side];
    const group = drawing("g", { class: look });
    const add = (name, attributes) => group.append(drawing(name, attributes));
    if (look === "points") {
      add("rect", { x: edge, y: edge, width: columns * side, height: rows * side, class: "wood" });
      const [[left, top], [right, bottom]] = [at(0, 0), at(rows - 1, columns - 1)];
      for (let row = 0; row < rows; row++) add("line", { x1: left, x2: right, y1: at(row, 0)[1], y2: at(row, 0)[1], class: "grid" });
      for (let column = 0; column < columns; column++) add("line", { y1: top, y2: bottom, x1: at(0, column)[0], x2: at(0, column)[0], class: "grid" });
    } else if (look !== "hexagons") add("rect", { x: edge, y: edge, width: columns * side, height: rows * side, class: "frame", rx: 4 });
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [x, y] = at(row, column), content = frame[row * columns + column];
        if (look === "hexagons") {
          const corners = [0, 1, 2, 3, 4, 5].map((k) => [x + Math.sin((k * Math.PI) / 3) * side * 0.56, y - Math.cos((k * Math.PI) / 3) * side * 0.56].join()).join(" ");
          add("polygon", { points: corners, class: "cell" });
          const lines = [[row === 0, "x", 5, 0], [row === 0, "x", 0, 1], [row === rows - 1, "x", 2, 3], [row === rows - 1, "x", 3, 4], [column === 0, "o", 3, 4], [column === 0, "o", 4, 5], [column === columns - 1, "o", 0, 1], [column === columns - 1, "o", 1, 2]];
          for (const [drawn, player, from, to] of lines) if (drawn) {
            const [[x1, y1], [x2, y2]] = [from, to].map((k) => corners.split(" ")[k].split(","));
            add("line", { x1, y1, x2, y2, class: `edge-${player}`, "stroke-width": 4 });
          }
        } else if (look === "discs") add("circle", { cx: x, cy: y, r: side * 0.42, class: "cell", "stroke-width": 0.6 });
        else if (look === "marks") add("rect", { x: x - side / 2, y: y - side / 2, width: side, height: side, class: "cell" });
        if (content === ".") continue;
        if (look === "marks") {
          const r = side * 0.27;
          if (content === "o") add("circle", { cx: x, cy: y, r, class: "mark o" });
          else add("path", { d: `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`, class: "mark x" });
        } else add("circle", { cx: x, cy: y, r: side * (look === "points" ? 0.46 : look === "hexagons" ? 0.36 : 0.42), class: content });
        if (before && before[row * columns + column] === ".") add("circle", { cx: x, cy: y, r: side * 0.24, class: "last" });
      }
    }
    for (let column = 0; column < columns && columns <= letters.length; column++) {
      const label = drawing("text", { x: at(0, column)[0], y: edge - 10 });
      label.textContent = look === "points" ? letters[column] : String.fromCharCode(97 + column);
      group.append(label);
    }
    for (let row = 0; row < rows; row++) {
      const label = drawing("text", { x: at(row, 0)[0] - side * 0.5 - 12, y: at(row, 0)[1] + 4 });
      label.textContent = look === "hexagons" || game.game.startsWith("othello") ? row + 1 : rows - row;
      group.append(label);
    }
    const made = drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
    made.append(group);
    return made;
  };
  const board = (box, game) => {
    const last = game.frames.length - 1;
    let now = last;
    const shown = element("div"), move = element("span", { ariaLive: "polite" });
    const slider = element("input", { type: "range", min: 0, max: last, ariaLabel: "move" });
    const step = (text, name, to) => { const button = element("button", { type: "button", ariaLabel: name }, text); button.addEventListener("click", () => show(to())); return button; };
    const buttons = [step("|◀", "first position", () => 0), step("◀", "one move back", () => now - 1), step("▶", "one move on", () => now + 1), step("▶|", "last position", () => last)];
    const show = (to) => {
      now = Math.max(0, Math.min(last, to));
      const frame = game.frames[now];
      const drawn = game.look === "text" ? element("pre", { textContent: frame }) : picture(game, frame, game.frames[now - 1]);
      drawn.ariaLabel = `position after ${now} moves`;
      shown.replaceChildren(drawn);
      move.textContent = `${now} of ${last}: ${game.moves[now]}`;
      slider.value = now;
      buttons.forEach((button, index) => { button.disabled = index < 2 ? now === 0 : now === last; });
    };
    slider.addEventListener("input", () => show(Number(slider.value)));
    box.tabIndex = 0;
    box.addEventListener("keydown", (event) => {
      if (event.target === slider || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      event.preventDefault();
      show(now + (event.key === "ArrowLeft" ? -1 : 1));
    });
    box.append(element("h4", { textContent: game.game }), shown, element("div", { className: "stepper" }, ...buttons, slider, move));
    show(last);
  };

  // ---- Paper: folded parts open ----
  addEventListener("beforeprint", () => document.querySelectorAll("details:not(.items)").forEach((each) => { each.open = true; }));

  const ready = Promise.all([charts(), route()]);
  ready.then(() => { document.documentElement.dataset.ready = "yes"; });
})();
