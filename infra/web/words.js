// The words the page speaks: stages, states, sizes, times, and a sentence for each thing that goes wrong.

import { FileTrouble, Problem, StorageRefusal, Unreachable } from "./errors.js";
import { SignInTrouble } from "./sign-in.js";

const STAGES = {
  split: "Finding the rows",
  ingest: "Reading rows",
  price: "Finding prices",
  reconcile: "Matching transfers",
  metrics: "Computing gains",
};

// What a stage of a job does.
export function stage(name) {
  return STAGES[name] ?? name;
}

const STATES = {
  awaiting_upload: "Waiting for the file",
  running: "At work",
  completed: "Done",
  completed_with_warnings: "Done, with something to look at",
  failed: "Failed",
  cancelled: "Cancelled",
  expired: "The file did not arrive in time",
};

// What a job's state means.
export function state(name) {
  return STATES[name] ?? name;
}

const KINDS = {
  upload: "Upload",
  undo: "Taking an upload back",
  settings: "Change of settings",
  prices: "New prices",
  override: "Changes of rows",
};

// What a job of some kind is called that has no file name.
export function kind(name) {
  return KINDS[name] ?? name;
}

const UNITS = ["bytes", "KB", "MB", "GB"];

// Bytes as people say them.
export function bytes(count) {
  let [size, unit] = [count, 0];
  while (size >= 1000 && unit + 1 < UNITS.length) [size, unit] = [size / 1000, unit + 1];
  const digits = unit === 0 || size >= 100 ? 0 : 1;
  return `${size.toFixed(digits)} ${unit === 0 && count === 1 ? "byte" : UNITS[unit]}`;
}

// A count of something: "1 row", "3,000 rows".
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

// A span of seconds as people say it; nobody counts the last seconds of an hour.
export function span(seconds) {
  if (seconds < 1.5) return "a second";
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} minutes`;
  return `${Math.round(seconds / 3600)} hours`;
}

// "12 MB/s, 8 seconds left", as far as it is known.
export function pace(pace, total) {
  const speed = pace.perSecond();
  if (speed === null) return "";
  return `${bytes(speed)}/s, ${span(pace.secondsLeft(total))} left`;
}

const PROBLEMS = {
  already_begun: "The ledger is being computed with this already. Make another change that takes it back.",
  already_ended: "It has ended already: there is nothing to cancel.",
  busy: "The server is busy. The page asks again by itself.",
  conflict: "Somebody changed the same thing at the same moment. Try again.",
  internal: "Something failed on the server's side, not on yours. Try again in a moment.",
  invalid_ledger: "That is no name for a ledger: use small letters, digits and hyphens.",
  invalid_request: "Something in the request has to be put right:",
  no_rejects_file: "There is no file of refused rows for this upload.",
  not_found: "This is not there any more, or it belongs to somebody else.",
  not_local: "The server answers only to this machine. Open the page at the address that the command printed.",
  not_read_yet: "The file is still being read. Ask again when it is done.",
  retry_not_allowed: "There is nothing to try again here.",
  too_large: "That is more than the server takes at once.",
  unauthenticated: "You are not signed in, or not any more.",
};

const STORAGE = {
  EntityTooLarge: "The storage does not take a file as large as this. Split it by time into several files.",
  RequestTimeTooSkewed: "The clocks of this machine and of the storage differ too much.",
};

// What went wrong and what to do, in sentences.
export function sentence(error) {
  if (error instanceof Problem) return ofProblem(error);
  if (error instanceof Unreachable) return "No connection. The page goes on by itself when it is back.";
  if (error instanceof StorageRefusal) {
    return STORAGE[error.code] ?? `The storage refused the file (${error.status} ${error.code}). Try again.`;
  }
  if (error instanceof FileTrouble) {
    return "The file was changed, moved or deleted since it was chosen. Add it again when nothing writes to it any more.";
  }
  if (error instanceof SignInTrouble) return `Signing in did not work: ${error.message}. Try again.`;
  return `Something unexpected happened in the page: ${error.message}`;
}

function ofProblem(problem) {
  // A limit names itself and its value; its detail is better than any sentence from here.
  const words = PROBLEMS[problem.code] ?? problem.message;
  const faults = problem.faults.map((fault) => `${placeOf(fault)}${fault.detail}`);
  const id = problem.status >= 500 && problem.requestId ? ` (request ${problem.requestId})` : "";
  return [words + id, ...faults].join("\n");
}

function placeOf({ pointer, parameter, line, column }) {
  if (line !== undefined) return column ? `line ${line}, column ${column}: ` : `line ${line}: `;
  const field = pointer?.replace(/^#\//, "") ?? parameter;
  return field ? `${field.replaceAll("_", " ")} ` : "";
}

// What became of a file's records, leaving out what did not happen.
export function counts({ total, accepted, duplicate, rejected, ignored, failed }) {
  const parts = [[accepted, "taken"], [duplicate, "there before"], [rejected, "refused"], [ignored, "blank"], [failed, "not read"]];
  const said = parts.filter(([number]) => number > 0).map(([number, what]) => `${number.toLocaleString("en")} ${what}`);
  return `${count(total, "row")}${said.length > 0 ? `: ${said.join(", ")}` : ""}`;
}
