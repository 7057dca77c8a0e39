// Sends a file's bytes to where the API's `upload` terms say. XHR, because only it tells how many bytes
// have gone out.

import { FileTrouble, StorageRefusal, Unreachable } from "./errors.js";

// Headers a browser sets itself and lets no page set.
const SET_BY_BROWSER = ["host", "content-length"];

// Sends the whole file as an announcement's answer says; ends when the storage has it. `told.onProgress`
// is told the bytes that went out.
export async function send(file, answer, told) {
  const { mode } = answer.upload;
  const sender = SENDERS[mode];
  if (!sender) throw new Error(`the server asks for an upload in a way this page does not know: ${mode}`);
  try {
    await sender(file, answer, told);
    told.onProgress(file.size);
  } catch (error) {
    if (error instanceof Unreachable) await readable(file);
    throw error;
  }
}

const SENDERS = { single };

async function single(file, { upload }, told) {
  const { status, body } = await put(file, upload, told);
  // 412: it is there; an attempt whose answer got lost had stored it.
  if (status >= 300 && status !== 412) throw new StorageRefusal(status, codeOf(body));
}

// One PUT of a body to a signed URL: answers its status and body, whatever the status.
function put(body, { url, headers = {}, method = "PUT" }, { signal, onProgress }) {
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
      resolve({ status: request.status, body: request.responseText });
    };
    request.onerror = () => {
      signal.removeEventListener("abort", stop);
      reject(new Unreachable("the connection broke off"));
    };
    request.send(body);
  });
}

// The code of S3's XML error; the rest of it repeats the request.
function codeOf(xml) {
  return /<Code>([A-Za-z0-9]{1,60})<\/Code>/.exec(xml)?.[1] ?? "";
}

// A browser cuts the connection, too, when the file changed on the disk: the file itself is asked.
async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch (error) {
    throw new FileTrouble(String(error), { cause: error });
  }
}
