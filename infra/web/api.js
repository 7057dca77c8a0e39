// The HTTP API (README, "The command line"; functions/README.md), one function a request.

import { Problem, Unreachable } from "./errors.js";
import * as session from "./session.js";

// Every request of the page to the API is made here: here and nowhere else it says who asks.
async function request(method, path, { body, headers = {}, signal } = {}) {
  const who = { authorization: `Bearer ${session.token()}` };
  const options = { method, headers: { accept: "application/json", ...who, ...headers }, signal, cache: "no-store" };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["content-type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new Unreachable(String(error), { cause: error });
  }
  if (response.ok || response.status === 304) return response;
  if (response.status === 401) session.refused();
  throw new Problem(response.status, await problemOf(response), secondsOf(response));
}

// What stands in front of the API answers in a form of its own: then there is no problem to read.
async function problemOf(response) {
  const problem = await response.json().catch(() => null);
  return problem !== null && typeof problem === "object" ? problem : {};
}

function secondsOf(response) {
  const seconds = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return Number.isFinite(seconds) ? seconds : null;
}

async function json(method, path, options) {
  const response = await request(method, path, options);
  try {
    return await response.json();
  } catch (error) {
    throw new Unreachable("the answer broke off", { cause: error });
  }
}

const part = encodeURIComponent;

// Announces a file: answers its job, and where it may be uploaded to unless it is there already.
export function announce(upload, signal) {
  return json("POST", "/v1/uploads", { body: upload, signal });
}

// What the storage holds of a file that goes up in parts, and addresses for what is missing:
// {state, held, parts, part_size}.
export function parts(id, signal) {
  return json("GET", `/v1/jobs/${part(id)}/parts`, { signal });
}

// Makes a file of its parts; doing it twice is doing it once.
export function complete(id, signal) {
  return json("POST", `/v1/jobs/${part(id)}/complete`, { signal });
}

// A job as it is now; `job` is null when it is what `etag` stands for.
export async function job(id, etag, signal) {
  const headers = etag ? { "if-none-match": etag } : {};
  const response = await request("GET", `/v1/jobs/${part(id)}`, { headers, signal });
  const seconds = secondsOf(response);
  if (response.status === 304) return { job: null, etag, seconds };
  return { job: await response.json(), etag: response.headers.get("etag"), seconds };
}

// Jobs, the newest first: {items, next_cursor}.
export function jobs(cursor) {
  return json("GET", cursor ? `/v1/jobs?cursor=${part(cursor)}` : "/v1/jobs");
}

// Stops a job; answers what that did.
export function cancel(id) {
  return json("DELETE", `/v1/jobs/${part(id)}`);
}

// Takes an upload out of its ledger again; answers the job that does it.
export function undo(id) {
  return json("POST", `/v1/jobs/${part(id)}/undo`);
}

// Tries again what failed of a job.
export function retry(id) {
  return json("POST", `/v1/jobs/${part(id)}/retry`);
}

// Settings that hold in a ledger, and those that are asked for.
export function settings(ledger) {
  return json("GET", `/v1/ledgers/${part(ledger)}/settings`);
}

// Asks for other settings: answers the job that brings them, or null when they hold already.
export async function changeSettings(ledger, change) {
  const answer = await json("PUT", `/v1/ledgers/${part(ledger)}/settings`, { body: change });
  return answer.job_id ?? null;
}

// The answer with a file's body, or null while it is being written; `seconds` says when to ask again.
export async function file(path, signal) {
  const response = await request("GET", path, { headers: { accept: "*/*" }, signal });
  return response.status === 202 ? { response: null, seconds: secondsOf(response) } : { response, seconds: null };
}
