// Anybody can read and work the page: in light and dark, on a telephone and on a desk.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { deposits, withBadRow } from "./files.js";
import { World } from "./world.js";

let world;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

test("the page is worked by keys alone, and says what happens", async () => {
  const visit = await world.visit();
  const { page } = visit;
  await page.getByLabel("Base currency").and(page.locator(":enabled")).waitFor();
  const reached = [];
  for (let step = 0; step < 14; step += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.textContent));
  }
  assert.deepEqual(reached.slice(0, 9), ["files", "ledger", "account", "timezone", "date_format", "transactions.csv", "disposals.csv", "holdings.csv", "issues.csv"]);
  assert.deepEqual(reached.slice(9), ["method", "base", "profile", "tax_timezone", "Save settings"]);
  await visit.add({ name: "heard.csv", text: deposits("ETH", 3) });
  await page.getByRole("status").filter({ hasText: "heard.csv: Done" }).waitFor({ state: "attached" });
  await visit.leave();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    test(`${colorScheme}, ${width} px: nothing hinders, nothing is cut off`, async () => {
      const visit = await world.visit({ colorScheme, viewport: { width, height: 800 } });
      const name = `a long name of an exchange's export ${"x".repeat(80)}.csv`;
      await visit.add({ name, text: deposits("BTC", 3) }, { name: "bad.csv", text: withBadRow("DOGE") }, { name: "letter.csv", text: "Dear diary\n" });
      await visit.says(name, "3 rows: 3 taken");
      await visit.says("bad.csv", "Refused rows");
      await visit.says("letter.csv", "No header of a known format");
      assert.deepEqual(await visit.hindrances(), []);
      assert.equal(await visit.overflows(), false);
      await visit.picture(`${colorScheme}-${width}`);
      await visit.leave();
    });
  }
}

test("a script that is not the page's own does not run", async () => {
  const visit = await world.visit();
  await visit.page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.foreign = true";
    document.head.append(script);
  });
  assert.equal(await visit.page.evaluate(() => globalThis.foreign), undefined);
  await visit.leave(/Content Security Policy/);
});

test("a file's name is text and never markup", async () => {
  const visit = await world.visit();
  const name = "<img src=x onerror=alert(1)>.csv";
  await visit.add({ name, text: deposits("SOL", 2) });
  await visit.says(name, "2 rows: 2 taken");
  assert.equal(await visit.page.locator("main img").count(), 0);
  await visit.leave();
});
