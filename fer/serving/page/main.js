// The page: what is shown, and what happens when somebody touches it.

import * as api from "./api.js";
import { Camera } from "./camera.js";
import { Timeline, drawBoxes, drawFaces, make, named, percent } from "./drawing.js";

const by = (id) => document.getElementById(id);
const [view, video, still, boxes] = ["view", "video", "still", "boxes"].map(by);
const camera = new Camera(video);
const timeline = new Timeline(by("timeline"), by("legend"));
let shown = null; // the picture that is looked at: { blob, name, title, url }
let latest = null; // the answer to it, or to the camera's last frame
let running = null; // what ends the request for a picture that nobody waits for any more
let known = [];

// ---- words

function complain(error) {
  if (error.name === "AbortError") return;
  by("token").hidden = !(error instanceof api.NeedsToken);
  by("problem").textContent = error.message;
  by("problem").hidden = false;
}

function calm() {
  by("problem").hidden = true;
}

let said = "";
function say(text, key = text) {
  if (key === said) return; // a screen reader speaks only when something changed
  said = key;
  by("status").textContent = text;
}

function tell(faces) {
  const labels = faces.map((face) => face.label).join();
  const count = `${faces.length} face${faces.length === 1 ? "" : "s"}`;
  if (faces.length) say(`${count}: ${faces.map(camera.on ? (face) => face.label : named).join(", ")}`, `${camera.on} ${labels} ${camera.on ? "" : shown?.url}`);
  else say(camera.on ? "No face in sight." : "No face was found. If the picture is a face already, tick the box below.");
}

// ---- showing

function show(answer) {
  latest = answer;
  drawBoxes(boxes, answer, camera.on);
  drawFaces(by("faces"), answer?.faces ?? []);
  by("none").hidden = Boolean(answer?.faces.length);
  by("none").textContent = answer ? "No face was found." : "What each face expresses stands here.";
}

function stage(element, width, height) {
  by("empty").hidden = true;
  video.hidden = element !== video;
  still.hidden = element !== still;
  view.style.aspectRatio = `${width} / ${height}`;
}

async function look(picture) {
  stopCamera();
  running?.abort();
  running = new AbortController();
  if (shown !== picture) {
    shown = picture;
    show(null);
    still.src = picture.url;
    still.alt = picture.title;
    try {
      await still.decode();
      stage(still, still.naturalWidth, still.naturalHeight);
    } catch {
      // what the browser cannot show, the server may still read, or say what it is
      still.hidden = true;
      by("empty").hidden = false;
    }
    if (shown !== picture) return;
  }
  const slow = setTimeout(() => say("Waiting for the model …"), 700);
  try {
    const settings = { model: by("model").value, whole: by("whole").checked, signal: running.signal };
    const answer = await api.predict(picture.blob, picture.name, settings);
    said = "";
    show(answer);
    tell(answer.faces);
    if (picture.caption) picture.caption.textContent = answer.faces[0]?.label ?? "no face";
  } catch (error) {
    if (error.name === "AbortError") return;
    say("That did not work.");
    complain(error);
    if (picture.caption) picture.caption.textContent = "not read";
  } finally {
    clearTimeout(slow);
  }
}

function again() {
  calm();
  if (shown) look(shown);
}

// ---- camera

async function startCamera() {
  calm();
  by("camera").disabled = true;
  try {
    await camera.start(() => {
      stopCamera();
      complain(new Error("The camera gives no more pictures: was it unplugged?"));
    });
  } catch (error) {
    complain(error);
    return;
  } finally {
    by("camera").disabled = false;
  }
  running?.abort();
  shown = null;
  strip([]);
  show(null);
  stage(video, video.videoWidth, video.videoHeight);
  by("camera").textContent = "Stop camera";
  by("time").hidden = false;
  timeline.clear();
  say("The camera is on.");
  watch(camera.stream);
}

function stopCamera() {
  if (!camera.on) return;
  camera.stop();
  video.hidden = true;
  by("empty").hidden = false;
  by("camera").textContent = "Start camera";
  by("rate").textContent = "";
  say("The camera is off.");
  show(null);
}

const largest = (faces) => faces.reduce((a, b) => (b.box[2] > (a?.box[2] ?? 0) ? b : a), null);
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function watch(stream) {
  const ends = [];
  while (camera.stream === stream) {
    if (document.hidden) {
      await pause(300);
      continue;
    }
    try {
      const answer = await api.predict(await camera.frame(), "camera.jpg", { model: by("model").value });
      if (camera.stream !== stream) return;
      calm();
      show(answer);
      tell(answer.faces);
      timeline.add(largest(answer.faces)?.probabilities ?? null);
      ends.push(performance.now());
      if (ends.length > 20) ends.shift();
      if (ends.length > 1) by("rate").textContent = `${((1000 * (ends.length - 1)) / (ends.at(-1) - ends[0])).toFixed(1)} a second`;
      await new Promise(requestAnimationFrame);
    } catch (error) {
      if (camera.stream !== stream) return;
      complain(error);
      await pause(1500);
    }
  }
}

// ---- pictures

function strip(pictures) {
  by("strip").hidden = pictures.length < 2;
  for (const old of by("strip").children) URL.revokeObjectURL(old.firstChild.src);
  by("strip").replaceChildren(...pictures.map((picture) => {
    picture.caption = make("span", { textContent: "…" });
    const button = make("button", { title: picture.name }, make("img", { src: picture.url, alt: picture.name }), picture.caption);
    button.addEventListener("click", () => { calm(); press(button); look(picture); });
    return button;
  }));
}

function press(button) {
  for (const other of document.querySelectorAll("[aria-pressed]")) other.removeAttribute("aria-pressed");
  button?.setAttribute("aria-pressed", "true");
}

async function take(files) {
  const pictures = [...files].map((file) => ({ blob: file, name: file.name || "pasted", title: file.name || "A pasted picture", url: URL.createObjectURL(file) }));
  if (!pictures.length) return;
  calm();
  strip(pictures);
  for (const [k, picture] of pictures.entries()) {
    press(pictures.length > 1 ? by("strip").children[k] : null);
    await look(picture);
    if (shown !== picture) return; // somebody chose another one meanwhile
  }
}

async function gallery() {
  const names = await api.samples();
  by("samples").replaceChildren(...names.map((name, k) => {
    const url = `samples/${k}.png`;
    const image = make("img", { src: url, alt: "", loading: "lazy", width: 92, height: 92 });
    const button = make("button", { ariaLabel: `Drawn face, ${name}` }, image, make("span", { textContent: name }));
    button.addEventListener("click", async () => {
      calm();
      strip([]);
      press(button);
      try {
        const blob = await (await fetch(url)).blob();
        await look({ blob, name: `${name}.png`, title: `A drawn face, ${name}`, url });
      } catch (error) {
        complain(error);
      }
    });
    return button;
  }));
}

// ---- models

function describe() {
  const model = known.find((one) => one.id === by("model").value);
  if (!model) return;
  const span = model.interval ? ` (${percent(model.interval[0])} to ${percent(model.interval[1])})` : "";
  const tested = model.accuracy === null ? "not tested" : `right about ${percent(model.accuracy)}${span} of ${model.n.toLocaleString("en")} test faces`;
  by("about").textContent = model.name ? `${model.name}, trained on ${model.data}, ${tested}` : "";
}

async function list() {
  const answer = await api.models();
  known = answer.models;
  by("model").replaceChildren(...known.map((model) => make("option", { value: model.id, textContent: model.id })));
  by("model").value = answer.default;
  describe();
}

async function begin() {
  try {
    await list();
    await gallery();
    calm();
    by("token").hidden = true;
  } catch (error) {
    complain(error);
  }
}

by("camera").addEventListener("click", () => (camera.on ? stopCamera() : startCamera()));
by("choose").addEventListener("click", () => by("files").click());
by("files").addEventListener("change", (event) => { take(event.target.files); });
by("whole").addEventListener("change", again);
by("model").addEventListener("change", () => { describe(); again(); });
by("token").addEventListener("submit", (event) => { event.preventDefault(); api.useToken(by("secret").value); begin(); });
addEventListener("paste", (event) => take([...event.clipboardData.files].filter((file) => file.type.startsWith("image/"))));
addEventListener("resize", () => drawBoxes(boxes, latest, camera.on));
for (const kind of ["dragover", "dragleave", "drop"])
  addEventListener(kind, (event) => {
    event.preventDefault();
    view.classList.toggle("over", kind === "dragover");
    if (kind === "drop") take(event.dataTransfer.files);
  });
by("curl").textContent = `curl -F pictures=@photo.jpg ${location.origin}/predict`;
begin();
