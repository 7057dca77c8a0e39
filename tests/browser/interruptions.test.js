// What breaks off goes on: pauses, lost connections, reloads, retries.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { deposits } from "./files.js";
import { World } from "./world.js";

// Rows of a file that takes seconds to go up at SLOW.
const ROWS = 6_000;
const SLOW = 60_000;
const FAST = -1;

let world;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

// Holds what a visitor sends to so many bytes a second; answers how to change it.
async function line(visit, bytesPerSecond) {
  const debuggerOf = await visit.page.context().newCDPSession(visit.page);
  await debuggerOf.send("Network.enable");
  const set = (uploadThroughput, offline = false) =>
    debuggerOf.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput });
  await set(bytesPerSecond);
  return set;
}

function puts(visit) {
  const seen = [];
  visit.page.on("request", (request) => request.method() === "PUT" && seen.push(request.url()));
  return seen;
}

async function midway(visit, name) {
  const bar = visit.card(name).getByRole("progressbar", { name: "Uploading" });
  await visit.page.waitForFunction((bar) => bar.value > 0 && bar.value < bar.max, await bar.elementHandle());
}

function button(visit, name, label) {
  return visit.card(name).getByRole("button", { name: label });
}

test("an upload is paused and goes on when it is resumed", async () => {
  const visit = await world.visit();
  const set = await line(visit, SLOW);
  const sent = puts(visit);
  await visit.add({ name: "paused.csv", text: deposits("BTC", ROWS) });
  await midway(visit, "paused.csv");
  await visit.says("paused.csv", /KB\/s, .* left/);
  await visit.picture("uploading");
  await button(visit, "paused.csv", "Pause").press("Enter");
  await visit.says("paused.csv", "Paused");
  await visit.picture("paused");
  assert.equal(sent.length, 1);
  await set(FAST);
  await button(visit, "paused.csv", "Resume").press("Enter");
  await visit.says("paused.csv", "6,000 rows: 6,000 taken");
  assert.equal(sent.length, 2);
  await visit.leave();
});

test("an upload is cancelled, and may be begun again", async () => {
  const visit = await world.visit();
  const set = await line(visit, SLOW);
  await visit.add({ name: "cancelled.csv", text: deposits("ETH", ROWS) });
  await midway(visit, "cancelled.csv");
  await button(visit, "cancelled.csv", "Cancel").click();
  await visit.says("cancelled.csv", "Cancelled");
  await visit.picture("cancelled");
  await set(FAST);
  await button(visit, "cancelled.csv", "Try again").click();
  await visit.says("cancelled.csv", "6,000 rows: 6,000 taken");
  await visit.leave();
});

test("a cancelled upload is cancelled for everybody, and nothing waits for it", async () => {
  const visit = await world.visit();
  await line(visit, SLOW);
  await visit.add({ name: "called-off.csv", text: deposits("ALGO", ROWS) });
  await midway(visit, "called-off.csv");
  await button(visit, "called-off.csv", "Cancel").click();
  await visit.says("called-off.csv", "Cancelled");
  await visit.leave();
  const other = await world.visit();
  await other.says("called-off.csv", /^Cancelled$/);
  await other.leave();
});

test("a job is cancelled while its rows are read, and says what became of it", async () => {
  const visit = await world.visit();
  // No row can be written, and each is tried again: the job is under way until it is cancelled.
  await world.fail({ op: "rows.write", kind: "retry" });
  await visit.add({ name: "late.csv", text: deposits("NEAR", 3_000) });
  await button(visit, "late.csv", "Pause").waitFor({ state: "hidden" });
  await button(visit, "late.csv", "Cancel").click();
  await visit.says("late.csv", /^Cancelled$/);
  await visit.says("late.csv", "The job is cancelled; nothing of it is in the ledger");
  await visit.picture("cancelled-job");
  await world.fail();
  await visit.leave();
});

test("a lost connection is waited out, and the upload goes on by itself", async () => {
  const visit = await world.visit();
  const set = await line(visit, SLOW);
  await visit.add({ name: "offline.csv", text: deposits("SOL", ROWS) });
  await midway(visit, "offline.csv");
  await set(SLOW, true);
  await visit.says("offline.csv", "No connection. The page goes on by itself when it is back.");
  await visit.picture("offline");
  await set(FAST);
  await visit.says("offline.csv", "6,000 rows: 6,000 taken");
  await visit.leave(/net::ERR_/);
});

test("after a reload the file goes on with the job it had when it is added again", async () => {
  const visit = await world.visit();
  const set = await line(visit, SLOW);
  const jobs = [];
  visit.page.on("response", async (response) => {
    if (response.url().endsWith("/v1/uploads")) jobs.push((await response.json()).job_id);
  });
  const file = { name: "reloaded.csv", text: deposits("DOT", ROWS) };
  await visit.add(file);
  await midway(visit, "reloaded.csv");
  visit.page.on("dialog", (dialog) => dialog.accept());
  await visit.page.reload();
  await visit.says("reloaded.csv", "The file is not here yet. Add it again to go on with its upload.");
  await visit.picture("after-a-reload");
  await set(FAST);
  await visit.add(file);
  await visit.says("reloaded.csv", "6,000 rows: 6,000 taken");
  assert.equal(await visit.page.getByRole("article", { name: "reloaded.csv" }).count(), 1);
  assert.equal(jobs.length, 2);
  assert.equal(jobs[0], jobs[1]);
  await visit.leave();
});

test("a job that failed by no fault of its file has a button that tries it again", async () => {
  const visit = await world.visit();
  await world.fail({ op: "rows.write", kind: "broken" });
  await visit.add({ name: "failed.csv", text: deposits("XLM", 3) });
  await visit.says("failed.csv", "rows.write");
  await visit.picture("failed");
  await world.fail();
  await button(visit, "failed.csv", "Try again").click();
  await visit.says("failed.csv", /^Done$/);
  await visit.says("failed.csv", "3 rows: 3 taken");
  await visit.leave();
});

test("a busy server is asked again when it says so", async () => {
  const visit = await world.visit();
  const busy = { status: 503, headers: { "retry-after": "1" }, contentType: "application/problem+json", body: '{"status":503,"code":"busy"}' };
  await visit.page.route("**/v1/uploads", (route) => route.fulfill(busy), { times: 2 });
  await visit.add({ name: "busy.csv", text: deposits("TRX", 3) });
  await visit.says("busy.csv", "The server is busy. The page asks again by itself.");
  await visit.says("busy.csv", "3 rows: 3 taken");
  await visit.leave(/status of 503/);
});
