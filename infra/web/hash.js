// The SHA-256 of a file, made by a worker.

import { FileTrouble } from "./errors.js";

// Answers the digest in hex. `gate` is waited for before each slice, `onProgress` is told the bytes done.
export async function sha256Of(file, { signal, gate, onProgress }) {
  const worker = new Worker(new URL("./hash-worker.js", import.meta.url), { type: "module" });
  try {
    let request = { file };
    for (;;) {
      await gate.opened(signal);
      const answer = await ask(worker, request, signal);
      onProgress(answer.done);
      if (answer.sha256) return answer.sha256;
      request = {};
    }
  } finally {
    worker.terminate();
  }
}

function ask(worker, request, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    worker.onmessage = ({ data }) => {
      signal.removeEventListener("abort", stop);
      if (data.unreadable) reject(new FileTrouble(data.unreadable));
      else resolve(data);
    };
    worker.onerror = () => reject(new Error("the worker that reads files could not start"));
    worker.postMessage(request);
  });
}
