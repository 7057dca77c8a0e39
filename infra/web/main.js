// Puts the page together: what is chosen becomes work, work becomes cards.

import { jobs } from "./api.js";
import { persist } from "./patience.js";
import * as session from "./session.js";
import { showResults } from "./results-view.js";
import { SettingsView } from "./settings-view.js";
import { comeBack, configuration, leave, leaveForGood } from "./sign-in.js";
import { tell } from "./live.js";
import { Work } from "./work.js";
import { WorkView } from "./work-view.js";
import { count, sentence } from "./words.js";

const form = document.getElementById("about");
const list = document.getElementById("cards");
const views = new Set();

function ledger() {
  return form.elements.ledger.value.trim() || "main";
}

// What is said of the files that are added: what is left empty is left to the server.
function options() {
  const said = { ledger: ledger() };
  for (const name of ["account", "timezone", "date_format"]) {
    const value = form.elements[name].value.trim();
    if (value) said[name] = value;
  }
  return said;
}

function add(files) {
  if (files.length === 0) return;
  tell(`${count(files.length, "file")} added`);
  const said = options();
  const works = files.map((file) => Work.ofFile(file, said));
  // Each is put before the last: so they stand in the order they were chosen in.
  for (const work of works.toReversed()) {
    work.addEventListener("change", () => keep(work));
    show(work);
  }
  for (const work of works) work.run();
}

// A job that is known by its card is shown once: by the file that goes up for it.
function keep(work) {
  for (const view of views) {
    const same = view.work.jobId !== null && view.work.jobId === work.jobId;
    if (same && view.work !== work && !view.work.file) remove(view);
  }
}

function show(work) {
  list.prepend(card(work).element);
  emptiness();
}

function card(work) {
  const view = new WorkView(work, (gone) => {
    remove(gone);
    document.getElementById("cards-title").focus();
  });
  work.addEventListener("began", ({ detail }) => {
    const began = Work.ofJob(detail, "");
    show(began);
    began.run();
  });
  views.add(view);
  return view;
}

function remove(view) {
  view.work.leave();
  views.delete(view);
  view.element.remove();
  emptiness();
}

function emptiness() {
  document.getElementById("nothing").hidden = views.size > 0;
}

function takeFiles() {
  const input = document.getElementById("files");
  const drop = document.getElementById("drop");
  input.onchange = () => {
    add([...input.files]);
    // The same file can be chosen again.
    input.value = "";
  };
  // A file that misses the field must not be opened in place of the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
  addEventListener("dragover", () => drop.classList.add("over"));
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    drop.classList.remove("over");
    add([...event.dataTransfer.files]);
  });
}

function offerZones() {
  const zones = document.getElementById("zones");
  for (const name of ["UTC", ...Intl.supportedValuesOf("timeZone")]) {
    const option = document.createElement("option");
    option.value = name;
    zones.append(option);
  }
}

// The jobs of before, page by page.
async function showEarlier(cursor) {
  const more = document.getElementById("more");
  const said = document.getElementById("list-said");
  try {
    const { items, next_cursor: next } = await persist(() => jobs(cursor), { onTrouble: (trouble) => (said.textContent = trouble ? sentence(trouble) : "") });
    for (const { job_id: id, filename } of items) {
      if ([...views].some((view) => view.work.jobId === id)) continue;
      const work = Work.ofJob(id, filename ?? "");
      document.getElementById("earlier").append(card(work).element);
      work.run();
    }
    more.hidden = next === null;
    more.onclick = () => showEarlier(next);
  } catch (error) {
    said.textContent = sentence(error);
  }
  emptiness();
}

addEventListener("beforeunload", (event) => {
  if ([...views].some((view) => view.work.needsPage)) event.preventDefault();
});
form.onsubmit = (event) => event.preventDefault();

// How people sign in here; null where the command printed an address that does it, undefined while neither is
// known.
let issuer;

// Says how to sign in, and what went wrong with it; what is on its way stays where it is.
function askToSignIn(trouble) {
  document.getElementById("printed").hidden = issuer !== null;
  document.getElementById("at-issuer").hidden = !issuer;
  document.getElementById("sign-in-said").textContent = trouble ? sentence(trouble) : "";
  document.getElementById("signing-out").hidden = true;
  document.getElementById("signed-out").hidden = false;
  document.getElementById("signed-out-title").focus();
}

function offerSigning() {
  document.getElementById("sign-in").onclick = () => leave(issuer).catch(askToSignIn);
  document.getElementById("sign-out").onclick = () => {
    session.forget();
    leaveForGood(issuer);
  };
  session.onRefused(() => askToSignIn());
  // An address with a token that is opened where the page is already loads nothing by itself.
  addEventListener("hashchange", () => issuer === null && session.takeFromAddress() && location.reload());
}

// A link must not sign anybody in as somebody else: where there is an issuer, a token comes from it alone.
async function signedIn() {
  issuer = await configuration();
  if (issuer === null) session.takeFromAddress();
  const token = issuer && (await comeBack(issuer));
  if (token) session.keep(token);
  return session.token() !== null;
}

function begin() {
  document.getElementById("signing-out").hidden = !issuer;
  document.getElementById("signed-in").hidden = false;
  const settings = new SettingsView(ledger);
  form.elements.ledger.addEventListener("change", () => settings.load());
  offerZones();
  takeFiles();
  showResults(ledger);
  settings.load();
  showEarlier();
}

offerSigning();
signedIn().then((is) => (is ? begin() : askToSignIn()), askToSignIn);
