// Sends a large file in parts, four at a time. What the storage holds already is not sent again: so it goes
// on after a pause, a lost connection, an expired address, and from another tab.

import * as api from "./api.js";
import { Problem, StorageRefusal } from "./errors.js";
import { persist } from "./patience.js";
import { put } from "./put.js";

const AT_ONCE = 4;
// How often the storage is asked anew for what is missing without anything having come to it.
const IDLE_ROUNDS = 3;

// Each round asks what is held and what is missing, and sends what it was given addresses for.
export async function inParts(file, { job_id: job }, told) {
  const { signal, onTrouble } = told;
  let idle = 0;
  for (let before = -1; ; ) {
    const listed = await persist(() => api.parts(job, signal), { signal, onTrouble });
    if (listed.state === "received") return;
    const held = listed.held.reduce((bytes, part) => bytes + part.size, 0);
    idle = held > before ? 0 : idle + 1;
    before = held;
    if (listed.parts.length > 0) await round(file, listed, held, told, idle);
    else if (await completed(job, told, idle)) return;
  }
}

async function round(file, { part_size: size, parts }, held, { signal, onProgress, onTrouble }, idle) {
  const stopping = new AbortController();
  const both = AbortSignal.any([signal, stopping.signal]);
  const out = new Map();
  const progress = (number, bytes) => {
    out.set(number, bytes);
    onProgress([...out.values()].reduce((sum, bytes) => sum + bytes, held));
  };
  const left = [...parts];
  const sendOne = async (part) => {
    const start = (part.number - 1) * size;
    const body = file.slice(start, start + part.size);
    const step = () => put(body, part, { signal: both, onProgress: (bytes) => progress(part.number, bytes) });
    await persist(step, { signal: both, onTrouble });
    progress(part.number, part.size);
  };
  const sendSome = async () => {
    for (let part = left.shift(); part; part = left.shift()) await sendOne(part);
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, sendSome));
  } catch (error) {
    stopping.abort(error);
    // An address that has expired: the next round has fresh ones.
    if (!(error instanceof StorageRefusal && error.status === 403) || idle >= IDLE_ROUNDS) throw error;
  }
}

// Whether the file is whole now; not when a part has gone missing or changed, which the next round sees.
async function completed(job, { signal, onTrouble }, idle) {
  try {
    await persist(() => api.complete(job, signal), { signal, onTrouble });
    return true;
  } catch (error) {
    const mends = error instanceof Problem && ["parts_missing", "parts_changed"].includes(error.code);
    if (!mends || idle >= IDLE_ROUNDS) throw error;
    return false;
  }
}
