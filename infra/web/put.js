// One PUT of bytes to a signed address. XHR, because only it tells how many bytes have gone out.

import { FileTrouble, StorageRefusal, Unreachable } from "./errors.js";

// Headers a browser sets itself and lets no page set.
const SET_BY_BROWSER = ["host", "content-length"];

// What the storage says of other bytes than were announced: of another length the signature is not its.
const OTHER_BYTES = ["BadDigest", "IncompleteBody", "SignatureDoesNotMatch"];

// Ends when the storage has taken `body`; throws what it refuses it for. `onProgress` is told the bytes that
// went out.
export function put(body, { url, headers = {}, method = "PUT" }, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => {
      request.abort();
      reject(signal.reason);
    };
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) {
      if (!SET_BY_BROWSER.includes(name.toLowerCase())) request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      signal.removeEventListener("abort", stop);
      if (request.status < 300) resolve();
      else reject(refusal(request.status, codeOf(request.responseText)));
    };
    request.onerror = () => {
      signal.removeEventListener("abort", stop);
      readable(body).then(() => reject(new Unreachable("the connection broke off")), reject);
    };
    request.send(body);
  });
}

// A browser breaks off, too, when the file changed on the disk: the file itself is asked.
async function readable(body) {
  try {
    await body.slice(0, 1).arrayBuffer();
  } catch (error) {
    throw new FileTrouble(String(error), { cause: error });
  }
}

function refusal(status, code) {
  return OTHER_BYTES.includes(code) ? new FileTrouble(code) : new StorageRefusal(status, code);
}

// The code of S3's XML error; the rest of it repeats the request.
function codeOf(xml) {
  return /<Code>([A-Za-z0-9]{1,60})<\/Code>/.exec(xml)?.[1] ?? "";
}
