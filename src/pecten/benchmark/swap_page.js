"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const stage = byId("stage"), handle = byId("handle"), frameInput = byId("frame");
  const state = { scene: 0, left: "plate", right: "", frame: 0, mode: "wipe", part: "whole" };
  // The truth agrees with itself: its line would only squeeze the others together.
  state.hidden = new Set(["truth"]);
  const colour = (key) => `var(--c${data.methods.findIndex((m) => m.key === key) % 12})`;
  const nameOf = (key) => key === "plate" ? "plate" : key === "truth" ? "truth" : data.methods.find((m) => m.key === key).name;

  // Choices -----------------------------------------------------------------------------------------------------
  const fill = (select, entries) => {
    const kept = select.value;
    select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
    if (entries.some(([value]) => String(value) === kept)) select.value = kept;
  };
  const scene = () => data.scenes[state.scene];
  const shownBy = (s) => Object.keys(s.pictures);
  fill(byId("scene"), data.scenes.map((s, index) => [index, s.title]));
  fill(byId("measure"), data.measures.map((m, index) => [index, m.unit ? `${m.name}, ${m.unit}` : m.name]));

  function chooseScene(index) {
    state.scene = index;
    const s = scene(), keys = shownBy(s);
    fill(byId("left"), keys.map((key) => [key, nameOf(key)]));
    fill(byId("right"), keys.map((key) => [key, nameOf(key)]));
    const methods = keys.filter((key) => key !== "plate" && key !== "truth");
    if (!keys.includes(state.left)) state.left = "plate";
    if (!keys.includes(state.right)) state.right = methods[0];
    state.frame = Math.min(state.frame, s.shown.length - 1);
    frameInput.max = s.shown.length - 1;
    show();
    draw();
  }

  // Pictures ----------------------------------------------------------------------------------------------------
  function show() {
    const s = scene();
    for (const side of ["left", "right"]) {
      const image = byId(`${side}-image`);
      image.src = data.images[s.pictures[state[side]][state.frame]];
      image.alt = `${nameOf(state[side])}, frame ${s.shown[state.frame]}`;
      byId(`${side}-name`).textContent = nameOf(state[side]);
      byId(side).value = state[side];
    }
    byId("scene").value = state.scene;
    frameInput.value = state.frame;
    byId("frame-number").textContent = `${s.shown[state.frame]}`;
    stage.dataset.mode = state.mode;
    stage.dataset.part = state.part;
    byId("left-name").hidden = byId("right-name").hidden = state.mode === "difference";
    for (const button of document.querySelectorAll("[data-set]")) {
      button.setAttribute("aria-pressed", String(state[button.dataset.set] === button.dataset.to));
    }
    mark();
  }

  function wipeTo(share) {
    const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
    stage.style.setProperty("--x", `${percent}%`);
    handle.setAttribute("aria-valuenow", String(percent));
  }
  stage.addEventListener("pointerdown", (event) => {
    if (state.mode === "flip") { stage.classList.toggle("turned"); return; }
    stage.setPointerCapture(event.pointerId);
    const move = (e) => {
      const box = stage.getBoundingClientRect();
      wipeTo((e.clientX - box.left) / box.width);
    };
    move(event);
    const stop = () => stage.removeEventListener("pointermove", move);
    stage.addEventListener("pointermove", move);
    stage.addEventListener("pointerup", stop, { once: true });
    stage.addEventListener("pointercancel", stop, { once: true });
  });
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2, Home: -100, End: 100 }[event.key];
    if (step === undefined) return;
    wipeTo((Number(handle.getAttribute("aria-valuenow")) + step) / 100);
    event.preventDefault();
    event.stopPropagation();
  });

  // Curves ------------------------------------------------------------------------------------------------------
  const WIDE = 760, TALL = 300, LEFT = 58, RIGHT = 12, TOP = 14, BOTTOM = 30;
  const svg = (name, attributes, text) => {
    const made = document.createElementNS(byId("plot").namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  let scaleX = null;

  function draw() {
    const s = scene(), measure = data.measures[Number(byId("measure").value)], plot = byId("plot");
    const lines = Object.entries(s.values).filter(([key, values]) => measure.key in values && !state.hidden.has(key));
    const all = lines.flatMap(([, values]) => values[measure.key]).filter((v) => v !== null).map((v) => v * measure.factor);
    plot.replaceChildren();
    byId("none").hidden = all.length > 0;
    byId("says").textContent = measure.says;
    legend(s, measure);
    const [first, last] = [s.frames[0], s.frames[s.frames.length - 1]];
    scaleX = (frame) => LEFT + (frame - first) / Math.max(1, last - first) * (WIDE - LEFT - RIGHT);
    if (!all.length) return;
    let low = Math.min(...all), high = Math.max(...all);
    if (high - low < 1e-9) { low -= 0.5; high += 0.5; }
    const pad = (high - low) * 0.06;
    low -= pad; high += pad;
    const scaleY = (value) => TOP + (high - value) / (high - low) * (TALL - TOP - BOTTOM);
    for (const tick of ticks(low, high)) {
      plot.append(svg("line", { class: "grid", x1: LEFT, x2: WIDE - RIGHT, y1: scaleY(tick), y2: scaleY(tick) }));
      plot.append(svg("text", { x: LEFT - 6, y: scaleY(tick) + 4, "text-anchor": "end" }, String(+tick.toPrecision(4))));
    }
    for (const tick of ticks(first, last).filter((t) => Number.isInteger(t))) {
      plot.append(svg("text", { x: scaleX(tick), y: TALL - 10, "text-anchor": "middle" }, String(tick)));
    }
    for (const [key, values] of lines) {
      const path = svg("path", { d: trace(s.frames, values[measure.key], measure.factor, scaleY), "data-method": key });
      path.style.stroke = colour(key);
      if (data.methods.find((m) => m.key === key).reference) path.classList.add("reference");
      path.append(svg("title", {}, nameOf(key)));
      plot.append(path);
    }
    plot.append(svg("line", { class: "now", id: "now", y1: TOP, y2: TALL - BOTTOM, x1: 0, x2: 0 }));
    mark();
  }

  function trace(frames, values, factor, scaleY) {
    let d = "", open = false;
    frames.forEach((frame, i) => {
      if (values[i] === null) { open = false; return; }
      const joined = open && frames[i - 1] === frame - 1;
      const x = scaleX(frame).toFixed(1), y = scaleY(values[i] * factor).toFixed(1);
      // A frame without a neighbour is drawn as a short dash, or it would not be seen.
      const alone = !joined && (i + 1 >= frames.length || frames[i + 1] !== frame + 1 || values[i + 1] === null);
      d += `${joined ? "L" : "M"}${x} ${y}${alone ? "h2" : ""}`;
      open = true;
    });
    return d;
  }

  function ticks(low, high) {
    const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= rough);
    const found = [];
    for (let t = Math.ceil(low / step) * step; t <= high + 1e-12; t += step) found.push(Math.abs(t) < step * 1e-9 ? 0 : t);
    return found;
  }

  function legend(s, measure) {
    const entries = data.methods.filter((m) => s.values[m.key] && measure.key in s.values[m.key]).map((m) => {
      const item = document.createElement("li"), button = document.createElement("button"), swatch = document.createElement("i");
      swatch.style.background = colour(m.key);
      button.append(swatch, m.name);
      button.setAttribute("aria-pressed", String(!state.hidden.has(m.key)));
      button.addEventListener("click", () => {
        if (!state.hidden.delete(m.key)) state.hidden.add(m.key);
        draw();
      });
      item.append(button);
      return item;
    });
    byId("legend").replaceChildren(...entries);
  }

  function mark() {
    const now = byId("now");
    if (!now || !scaleX) return;
    const x = scaleX(scene().shown[state.frame]);
    now.setAttribute("x1", x);
    now.setAttribute("x2", x);
    for (const path of byId("plot").querySelectorAll("path")) {
      path.classList.toggle("chosen", path.dataset.method === state.right);
    }
  }
  byId("plot").addEventListener("click", (event) => {
    const box = byId("plot").getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * WIDE;
    const away = scene().shown.map((frame) => Math.abs(scaleX(frame) - x));
    state.frame = away.indexOf(Math.min(...away));
    show();
  });

  // Tables ------------------------------------------------------------------------------------------------------
  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "descending" ? -1 : 1;
      const valueOf = (row) => row.cells[column].dataset.value ?? "";
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [valueOf(a), valueOf(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        const [p, q] = [Number(x), Number(y)];
        return up * (Number.isNaN(p) || Number.isNaN(q) ? String(x).localeCompare(String(y)) : p - q);
      });
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", up < 0 ? "descending" : "ascending");
      table.tBodies[0].append(...rows);
    }));
  }

  // Events ------------------------------------------------------------------------------------------------------
  byId("scene").addEventListener("change", (e) => chooseScene(Number(e.target.value)));
  for (const side of ["left", "right"]) byId(side).addEventListener("change", (e) => { state[side] = e.target.value; show(); });
  byId("measure").addEventListener("change", draw);
  frameInput.addEventListener("input", () => { state.frame = Number(frameInput.value); show(); });
  for (const button of document.querySelectorAll("[data-set]")) {
    button.addEventListener("click", () => { state[button.dataset.set] = button.dataset.to; show(); });
  }
  for (const image of document.querySelectorAll("img[data-image]")) image.src = data.images[Number(image.dataset.image)];
  for (const button of document.querySelectorAll("[data-worst]")) {
    button.addEventListener("click", () => {
      const [index, method, frame] = JSON.parse(button.dataset.worst);
      state.right = method;
      state.left = "truth" in data.scenes[index].pictures ? "truth" : "plate";
      state.frame = data.scenes[index].shown.indexOf(frame);
      chooseScene(index);
      byId("look").scrollIntoView({ behavior: "smooth" });
    });
  }
  byId("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  const step = (count, now, by) => (now + by + count) % count;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input")) return;
    const methods = shownBy(scene()).filter((key) => key !== "plate" && key !== "truth");
    const next = (by) => { state.right = methods[step(methods.length, Math.max(0, methods.indexOf(state.right)), by)]; };
    const keys = {
      ArrowLeft: () => { state.frame = step(scene().shown.length, state.frame, -1); },
      ArrowRight: () => { state.frame = step(scene().shown.length, state.frame, 1); },
      ArrowUp: () => next(-1), ArrowDown: () => next(1),
      "[": () => chooseScene(step(data.scenes.length, state.scene, -1)),
      "]": () => chooseScene(step(data.scenes.length, state.scene, 1)),
      w: () => { state.mode = "wipe"; }, d: () => { state.mode = "difference"; },
      f: () => { if (state.mode === "flip") stage.classList.toggle("turned"); else state.mode = "flip"; },
      1: () => { state.part = "whole"; }, 2: () => { state.part = "eyes"; }, 3: () => { state.part = "mouth"; },
      t: () => { if (scene().pictures.truth) state.left = "truth"; }, p: () => { state.left = "plate"; },
    };
    // Arrows scroll the page unless the pictures have the focus or are in view.
    const box = stage.getBoundingClientRect();
    const inView = box.bottom > 80 && box.top < innerHeight - 80;
    if (!(event.key in keys) || (event.key.startsWith("Arrow") && !inView)) return;
    keys[event.key]();
    show();
    event.preventDefault();
  });

  wipeTo(0.5);
  chooseScene(0);
})();
