// Asks about a job until it ends, as often as the API says is worth it.

import * as api from "./api.js";
import { pause, persist } from "./patience.js";

const DEFAULT_SECONDS = 2;

// `onJob` is told the job each time it has changed; answers the job that ended.
export async function follow(id, { signal, onJob, onTrouble }) {
  let etag = null;
  let known = null;
  for (;;) {
    const answer = await persist(() => api.job(id, etag, signal), { signal, onTrouble });
    if (answer.job) {
      known = answer.job;
      etag = answer.etag;
      onJob(known);
    }
    if (known.is_terminal) return known;
    const seconds = answer.seconds ?? known.poll_after_seconds ?? DEFAULT_SECONDS;
    await pause(seconds * 1000, signal);
  }
}
