// Reads a file slice by slice and hashes it, away from the page. A slice is read only when the page asks
// for it: a page that is paused asks for none, and no file is held in memory.

import { Sha256 } from "./sha256.js";

const SLICE_BYTES = 4 * 1024 * 1024;
const hash = new Sha256();
let file = null;
let done = 0;

self.onmessage = async ({ data }) => {
  if (data.file) file = data.file;
  try {
    const slice = await file.slice(done, done + SLICE_BYTES).arrayBuffer();
    hash.update(new Uint8Array(slice));
    done += slice.byteLength;
    const ended = done >= file.size || slice.byteLength === 0;
    self.postMessage({ done, sha256: ended ? hash.hex() : null });
  } catch (error) {
    self.postMessage({ unreadable: String(error) });
  }
};
