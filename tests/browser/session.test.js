// Nobody gets at anything without a token, and nobody has to care for it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { deposits } from "./files.js";
import { World } from "./world.js";

let world;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

test("without a token the page says how to sign in, and asks the API for nothing", async () => {
  const visit = await world.visit({ signedIn: false });
  await visit.page.getByRole("heading", { name: "You are not signed in" }).waitFor();
  await visit.page.getByText("Open the page at the address that millrace dev printed").waitFor();
  assert.equal(await visit.page.getByLabel("Drop your exchanges' CSV files").isVisible(), false);
  assert.deepEqual(await visit.hindrances(), []);
  await visit.picture("signed-out");
  // The address that was printed, opened in the same tab.
  await visit.page.goto(world.page);
  await visit.page.getByLabel("Drop your exchanges' CSV files").waitFor();
  await visit.add({ name: "now.csv", text: deposits("BTC", 2) });
  await visit.says("now.csv", "2 rows: 2 taken");
  await visit.leave();
});

test("the token leaves the address at once, lasts through a reload, and ends with the tab", async () => {
  const visit = await world.visit();
  await visit.page.getByLabel("Drop your exchanges' CSV files").waitFor();
  assert.equal(visit.page.url(), `${world.url}/`);
  await visit.page.reload();
  await visit.page.getByLabel("Drop your exchanges' CSV files").waitFor();
  const tab = await visit.page.context().newPage();
  await tab.goto(world.url);
  await tab.getByRole("heading", { name: "You are not signed in" }).waitFor();
  await visit.leave();
});

test("a token that the stack does not take is said to be none", async () => {
  const visit = await world.visit({ signedIn: false });
  await visit.page.goto(`${world.url}/#token=of.another.stack`);
  await visit.page.getByRole("heading", { name: "You are not signed in" }).waitFor();
  await visit.picture("token-not-taken");
  await visit.leave(/status of 401/);
});
