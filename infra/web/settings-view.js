// The form of a ledger's settings: shows those that are asked for, else those that hold; saving computes the
// ledger anew.

import * as api from "./api.js";
import { follow } from "./poll.js";
import { sentence, state } from "./words.js";

const FIELDS = ["method", "base", "profile", "tax_timezone"];

export class SettingsView {
  #form = document.getElementById("settings");
  #said = document.getElementById("settings-said");
  #ledger;
  #shown = {};
  #loads = 0;

  // `ledger` answers the name of the ledger that is meant.
  constructor(ledger) {
    this.#ledger = ledger;
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.#save();
    };
    // Section 104 is a rule of the United Kingdom: the API would set the profile, too.
    this.#form.elements.method.onchange = ({ target }) => {
      if (target.value === "s104") this.#form.elements.profile.value = "uk";
    };
  }

  // Nothing can be typed meanwhile that the answer would wipe out; of two at once the later is shown.
  async load() {
    this.#loads += 1;
    const load = this.#loads;
    const fields = this.#form.elements.all;
    fields.disabled = true;
    try {
      const { pending, ...held } = await api.settings(this.#ledger());
      if (load !== this.#loads) return;
      this.#show(pending?.settings ?? held);
      this.#say("");
    } catch (error) {
      if (load === this.#loads) this.#say(sentence(error));
    }
    if (load === this.#loads) fields.disabled = false;
  }

  #show(settings) {
    this.#shown = settings;
    for (const name of FIELDS) this.#form.elements[name].value = settings[name] ?? "";
  }

  async #save() {
    const change = {};
    for (const name of FIELDS) {
      const value = this.#form.elements[name].value.trim();
      if (value !== this.#shown[name]) change[name] = name === "base" ? value.toUpperCase() : value;
    }
    if (Object.keys(change).length === 0) return this.#say("Nothing was changed.");
    try {
      this.#say("Saving");
      const job = await api.changeSettings(this.#ledger(), change);
      if (job) await this.#wait(job);
      await this.load();
      this.#say("Saved.");
    } catch (error) {
      this.#say(sentence(error));
    }
  }

  async #wait(id) {
    const stopping = new AbortController();
    const onJob = (job) => this.#say(`The ledger is computed anew: ${job.progress.message} (${job.progress.percent} %)`);
    const ended = await follow(id, { signal: stopping.signal, onJob });
    if (!ended.state.startsWith("completed")) throw new Error(ended.error?.message ?? state(ended.state));
  }

  #say(words) {
    this.#said.textContent = words;
  }
}
