// Sends a file to where an announcement's answer says, in the way it says.

import { StorageRefusal } from "./errors.js";
import { inParts } from "./parts.js";
import { put } from "./put.js";

const SENDERS = { single, multipart: inParts };

// Sends the whole file; ends when the storage has it. `told.onProgress` is told the bytes that went out,
// `told.onTrouble` what is waited out.
export async function send(file, answer, told) {
  const { mode } = answer.upload;
  const sender = SENDERS[mode];
  if (!sender) throw new Error(`the server asks for an upload in a way this page does not know: ${mode}`);
  await sender(file, answer, told);
  told.onProgress(file.size);
}

async function single(file, { upload }, told) {
  try {
    await put(file, upload, told);
  } catch (error) {
    // It is there: an attempt whose answer got lost had stored it.
    if (!(error instanceof StorageRefusal) || error.status !== 412) throw error;
  }
}
