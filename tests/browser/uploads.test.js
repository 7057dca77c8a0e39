// Files go up and become rows: what a user does in the first minute.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { deposits, withBadRow } from "./files.js";
import { PATIENCE, World } from "./world.js";

let world;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

test("three files at once are uploaded, read and done", async () => {
  const visit = await world.visit();
  await visit.picture("nothing-yet");
  const files = ["BTC", "ETH", "SOL"].map((asset) => ({ name: `${asset}.csv`, text: deposits(asset, 200) }));
  await visit.add(...files);
  for (const { name } of files) await visit.says(name, "200 rows: 200 taken");
  const order = await visit.page.locator("#cards").getByRole("article").getByRole("heading").allInnerTexts();
  assert.deepEqual(order, files.map(({ name }) => name));
  await visit.picture("three-done");
  await visit.leave();
});

test("60,000 rows are followed stage by stage to their end", async () => {
  const visit = await world.visit();
  await visit.add({ name: "long.csv", text: deposits("MATIC", 60_000) });
  const card = visit.card("long.csv");
  const stages = ["Checking the file", "Uploading", "Finding the rows", "Reading rows", "Finding prices", "Matching transfers", "Computing gains"];
  // A fast machine is done, and shows no bars any more, before each was looked at: they are all there.
  for (const name of stages) await card.getByLabel(name, { exact: true }).waitFor({ state: "attached" });
  await visit.picture("reading-rows");
  await visit.says("long.csv", "60,000 rows: 60,000 taken", 4 * PATIENCE);
  await visit.leave();
});

test("a refused row is shown with its line and reason, and can be downloaded", async () => {
  const visit = await world.visit();
  await visit.add({ name: "bad.csv", text: withBadRow("DOGE") });
  await visit.says("bad.csv", "3 rows: 2 taken, 1 refused");
  const row = visit.card("bad.csv").getByRole("row", { name: /^3 / });
  assert.match(await row.innerText(), /Column "Date": "yesterday" is not a time that can be read/);
  await visit.picture("refused-rows");
  const downloading = visit.page.waitForEvent("download");
  await visit.card("bad.csv").getByRole("button", { name: "Download the refused rows" }).click();
  const download = await downloading;
  assert.equal(download.suggestedFilename(), "bad.rejects.csv");
  const [header, refused, ...more] = readFileSync(await download.path(), "utf8").trimEnd().split(/\r?\n/);
  assert.match(header, /^Date,.*,_line,_code,_message$/);
  assert.match(refused, /^yesterday,.*,3,malformed_date,/);
  assert.deepEqual(more, []);
  await visit.leave();
});

test("the same file again is known, and nothing is sent", async () => {
  const visit = await world.visit();
  const text = deposits("DOT", 5);
  await visit.add({ name: "once.csv", text });
  await visit.says("once.csv", "5 rows: 5 taken");
  let sent = 0;
  visit.page.on("request", (request) => (sent += Number(request.method() === "PUT")));
  await visit.add({ name: "twice.csv", text });
  await visit.says("twice.csv", "This very file was uploaded before");
  await visit.says("twice.csv", "5 rows: 5 taken");
  assert.equal(sent, 0);
  await visit.picture("same-file-again");
  await visit.leave();
});

test("the same file twice at once is one job", async () => {
  const visit = await world.visit();
  const text = deposits("ADA", 5);
  await visit.add({ name: "left.csv", text }, { name: "right.csv", text });
  await visit.says("left.csv", "5 rows: 5 taken");
  await visit.says("right.csv", "5 rows: 5 taken");
  await visit.leave();
});

test("a file that is no table of transactions says so in words", async () => {
  const visit = await world.visit();
  await visit.add({ name: "letter.csv", text: "Dear diary\n" }, { name: "empty.csv", text: "" });
  await visit.says("letter.csv", "No header of a known format was found");
  await visit.says("empty.csv", "The file is empty");
  assert.equal(await visit.card("letter.csv").getByRole("button", { name: "Try again" }).isVisible(), false);
  await visit.picture("failed-by-its-file");
  await visit.leave();
});

test("a file that changes on the disk while it waits is not sent for ever", async () => {
  const visit = await world.visit();
  const folder = mkdtempSync(path.join(tmpdir(), "millrace-"));
  const file = path.join(folder, "moving.csv");
  writeFileSync(file, deposits("ETC", 3));
  let hold;
  const held = new Promise((resolve) => (hold = resolve));
  await visit.page.route("**/v1/uploads", async (route) => {
    await held;
    await route.continue();
  });
  await visit.page.getByLabel("Drop your exchanges' CSV files").setInputFiles(file);
  await visit.says("moving.csv", "Asking where to upload it");
  writeFileSync(file, deposits("ETC", 4));
  hold();
  await visit.says("moving.csv", "The file was changed, moved or deleted since it was chosen.");
  await visit.picture("file-changed");
  assert.equal(await visit.card("moving.csv").getByRole("button", { name: "Try again" }).isVisible(), false);
  rmSync(folder, { recursive: true });
  // Another length than was signed; a browser that knows when the file changed sends nothing.
  await visit.leave(/status of 403|net::ERR_/);
});

test("what the API refuses of a file is said beside the file", async () => {
  const visit = await world.visit();
  await visit.page.getByLabel("Ledger", { exact: true }).fill("Not A Ledger");
  await visit.add({ name: "elsewhere.csv", text: deposits("XRP", 2) });
  await visit.says("elsewhere.csv", "ledger ");
  assert.match(await visit.card("elsewhere.csv").innerText(), /Something in the request has to be put right:\nledger /);
  await visit.picture("refused-by-the-api");
  await visit.leave(/status of 400/);
});

test("jobs are there after a reload and for another browser, page by page", async () => {
  const visit = await world.visit();
  await visit.add({ name: "kept.csv", text: deposits("LTC", 4) });
  await visit.says("kept.csv", "4 rows: 4 taken");
  await visit.page.reload();
  await visit.says("kept.csv", "4 rows: 4 taken");
  const many = Array.from({ length: 21 }, (_, n) => ({ name: `many-${n}.csv`, text: `not a table ${n}\n` }));
  await visit.add(...many);
  for (const { name } of many) await visit.says(name, /^Failed$/);
  await visit.leave();
  const other = await world.visit();
  await other.says("many-20.csv", /^Failed$/);
  assert.equal(await other.card("kept.csv").count(), 0);
  await other.page.getByRole("button", { name: "Show earlier jobs" }).click();
  await other.says("kept.csv", "4 rows: 4 taken");
  await other.leave();
});

test("what never became a job can be taken off the list", async () => {
  const visit = await world.visit();
  await visit.page.getByLabel("Ledger", { exact: true }).fill("NO");
  await visit.add({ name: "gone.csv", text: deposits("LTC", 3) });
  await visit.card("gone.csv").getByRole("button", { name: "Take off the list" }).click();
  await visit.card("gone.csv").waitFor({ state: "detached" });
  assert.equal(await visit.page.evaluate(() => document.activeElement.textContent), "Files");
  await visit.leave(/status of 400/);
});

test("an upload is taken out of the ledger again, and may come back", async () => {
  const visit = await world.visit();
  const file = { name: "undone.csv", text: deposits("ATOM", 4) };
  await visit.add(file);
  await visit.says("undone.csv", "4 rows: 4 taken");
  await visit.card("undone.csv").getByRole("button", { name: "Take out of the ledger" }).click();
  await visit.says("undone.csv", "It is taken out of the ledger again.");
  await visit.says("Taking an upload back", /^Done$/);
  await visit.picture("undone");
  await visit.add(file);
  await visit.says("undone.csv", "4 rows: 4 taken");
  await visit.leave();
});

test("settings are saved, computed with, and shown again", async () => {
  const visit = await world.visit();
  const { page } = visit;
  await page.getByLabel("Ledger", { exact: true }).fill("island");
  await page.getByLabel("Ledger", { exact: true }).press("Tab");
  await page.getByLabel("Method").selectOption("s104");
  assert.equal(await page.getByLabel("Tax profile").inputValue(), "uk");
  await page.getByLabel("Base currency").fill("gbp");
  await page.getByLabel("Time zone of tax days").fill("Europe/London");
  await page.getByRole("button", { name: "Save settings" }).press("Enter");
  await page.getByText("Saved.", { exact: true }).waitFor();
  assert.equal(await page.getByLabel("Base currency").inputValue(), "GBP");
  await page.reload();
  await page.getByLabel("Ledger", { exact: true }).fill("island");
  await page.getByLabel("Ledger", { exact: true }).press("Tab");
  await page.getByLabel("Time zone of tax days").and(page.locator(":enabled")).waitFor();
  assert.equal(await page.getByLabel("Time zone of tax days").inputValue(), "Europe/London");
  await page.getByLabel("Base currency").fill("BTC");
  await page.getByRole("button", { name: "Save settings" }).click();
  await page.getByText("must be the ISO 4217 code of a national currency").waitFor();
  await visit.leave(/status of 400/);
});
