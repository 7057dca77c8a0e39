// The refused rows of an upload: the first ones to show, and all of them to download.

import * as api from "./api.js";
import { pause, persist } from "./patience.js";

const DEFAULT_SECONDS = 1;
// Bytes of the file that are read to show its first rows: a row may be long, and a file has 100,000.
const SHOWN_BYTES = 256 * 1024;

// Waits until a file of the API is written; answers the response that carries it.
export async function written(path, signal) {
  for (;;) {
    const answer = await persist(() => api.file(path, signal), { signal });
    if (answer.response) return answer.response;
    await pause((answer.seconds ?? DEFAULT_SECONDS) * 1000, signal);
  }
}

// Lets the browser download a file of the API. The request is made first, so that a file that is still being
// written is waited for; its address is a signed one then, and names the file it is saved as.
export async function download(path) {
  const stopping = new AbortController();
  const { url } = await written(path, stopping.signal);
  stopping.abort();
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

// The first refused rows of a job: {line, message} each.
export async function firstRejects(path, rows) {
  const stopping = new AbortController();
  const response = await written(path, stopping.signal);
  const text = await head(response, stopping);
  return parse(text, rows);
}

async function head(response, stopping) {
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = "";
  while (text.length < SHOWN_BYTES) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  stopping.abort();
  // The last record may be cut.
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

// Reads at most `rows` refused rows out of the text of a rejects file: a header, then records whose last
// columns are line, code and message.
export function parse(text, rows) {
  const [header, ...refused] = records(text, rows + 1);
  const at = (name) => header?.indexOf(name) ?? -1;
  const [line, message] = [at("_line"), at("_message")];
  if (line < 0 || message < 0) return [];
  return refused
    .filter((record) => record.length === header.length)
    .map((record) => ({ line: record[line], message: withoutLine(record[message]) }));
}

// The line has a column of its own.
function withoutLine(message) {
  const words = message.replace(/^line \d+(, |: )/, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// RFC 4180: fields between commas, quotes doubled inside of quotes, records end with a line feed.
function records(text, most) {
  const found = [];
  let [record, field, quoted] = [[], "", false];
  for (let i = 0; i < text.length && found.length < most; i += 1) {
    const char = text[i];
    if (quoted && char === '"' && text[i + 1] === '"') {
      field += '"';
      i += 1;
    } else if (char === '"') {
      quoted = !quoted;
    } else if (!quoted && (char === "," || char === "\n")) {
      record.push(field);
      field = "";
      if (char === "\n") {
        found.push(record);
        record = [];
      }
    } else if (quoted || char !== "\r") {
      field += char;
    }
  }
  if (found.length < most && (field || record.length > 0)) found.push([...record, field]);
  return found;
}
