// Brings a file to the storage: checks it, announces it, sends it.

import * as api from "./api.js";
import { Paused, Problem, StorageRefusal, willPass } from "./errors.js";
import { sha256Of } from "./hash.js";
import { Lanes, pause, pauseAfter, persist, unlessAborted } from "./patience.js";
import { send } from "./upload.js";

// Files that are read and sent at the same time; more would only share the same line.
const LANES = new Lanes(3);
// How often an upload whose terms are refused is announced anew before the user is told.
const FRESH_TERMS = 5;
// What goes up at this moment, by what makes two files one job: the same bytes go up once, and who brings
// them again waits for that and has its job.
const GOING_UP = new Map();

// Ends when the file of `work` is where its job can read it. `told` hears of it: `phase`, `progress` in bytes
// ("hashed" or "sent"), `trouble` that is waited out, and the API's answers. `gate` holds it.
export async function bring(work, { signal, gate, told }) {
  told.phase("waiting");
  await LANES.enter(signal);
  try {
    told.phase("hashing");
    work.sha256 ??= await sha256Of(work.file, { signal, gate, onProgress: (done) => told.progress("hashed", done) });
    const job = await once(work, signal, () => upload(work, { signal, gate, told }));
    if (job) told.answer({ job_id: job, deduplicated: true });
  } finally {
    LANES.leave();
  }
}

// Does `step`, unless the same content is going up: then answers the job it has.
async function once(work, signal, step) {
  const { filename, ...content } = announcement(work);
  const key = JSON.stringify(content);
  while (GOING_UP.has(key)) {
    const job = await unlessAborted(GOING_UP.get(key), signal);
    if (job) return job;
  }
  const going = step();
  GOING_UP.set(key, going.then(() => work.jobId, () => null));
  try {
    await going;
    return null;
  } finally {
    GOING_UP.delete(key);
  }
}

// Announced again, the same content gets fresh terms of the same job: so an upload goes on after a pause, a
// lost connection, and an address that has expired.
async function upload(work, { signal, gate, told }) {
  let refused = 0;
  for (let attempt = 0; ; attempt += 1) {
    await gate.opened(signal);
    told.phase("asking");
    const answer = await persist(() => api.announce(announcement(work), signal), { signal, onTrouble: told.trouble });
    told.answer(answer);
    if (!answer.upload) return;
    told.phase("uploading");
    const both = AbortSignal.any([signal, gate.signal]);
    try {
      return await send(work.file, answer, { signal: both, onProgress: (done) => told.progress("sent", done), onTrouble: told.trouble });
    } catch (error) {
      if (error instanceof Paused) continue;
      if (isStale(error)) refused += 1;
      if (isStale(error) ? refused >= FRESH_TERMS : !willPass(error)) throw error;
      told.trouble(error);
      await pause(pauseAfter(error, attempt), signal);
    }
  }
}

// Whether fresh terms may help.
function isStale(error) {
  if (error instanceof StorageRefusal) return error.status === 403 || error.status === 404;
  return error instanceof Problem && ["upload_ended", "upload_gone"].includes(error.code);
}

function announcement({ file, sha256, options }) {
  return { filename: file.name, size: file.size, sha256, ...options };
}
