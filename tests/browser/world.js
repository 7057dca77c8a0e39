// What every test of the page stands in: `millrace dev` as it is built, a browser, and an eye on what
// nobody may see: errors in the console.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
// The packages of package-lock.json, installed outside of the tree by tests/run.
const tools = createRequire(path.join(process.env.MILLRACE_BROWSER_TOOLS ?? import.meta.dirname, "/"));
const { chromium } = tools("playwright-core");
const axe = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");

const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
const pictures = path.join(target, "page");
const command = process.env.MILLRACE ?? path.join(target, "debug", "millrace");

// Milliseconds anything may take to be seen on a machine with a lot to do.
export const PATIENCE = 60_000;

export class World {
  // Starts the stack, and a browser beside it.
  static async start(settings = {}) {
    mkdirSync(pictures, { recursive: true });
    const world = new World();
    world.stack = spawn(command, ["dev", "--port", "0"], { env: { ...process.env, MILLRACE_FAULTS: "on", ...settings }, stdio: ["ignore", "pipe", "inherit"] });
    Object.assign(world, await addressOf(world.stack));
    world.browser = await chromium.launch({ executablePath: process.env.MILLRACE_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
    return world;
  }

  async stop() {
    await this.browser?.close();
    this.stack.kill("SIGTERM");
  }

  // From now on the stack fails in these ways and no others: {op, kind, about?} each.
  async fail(...faults) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${this.url}/faults`, { method: "PUT", headers, body: JSON.stringify(faults) });
    assert.equal(answer.status, 204);
  }

  // A visitor with a browser of their own: no memory, no cookies. They come by the address that was printed,
  // which signs them in, or know only where the page is.
  async visit({ signedIn = true, ...options } = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const errors = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(signedIn ? this.page : this.url);
    return new Visit(page, errors);
  }
}

// The page's address is the first that the command prints; what stands behind its # signs in.
function addressOf(stack) {
  return new Promise((resolve, reject) => {
    let said = "";
    stack.stdout.on("data", (piece) => {
      said += piece;
      const found = /(http:\/\/127\.0\.0\.1:\d+)\/#token=([\w.-]+)\s/.exec(said);
      if (found) resolve({ page: found[0].trim(), url: found[1], token: found[2] });
    });
    stack.on("exit", (code) => reject(new Error(`millrace dev ended with ${code}: ${said}`)));
  });
}

export class Visit {
  constructor(page, errors) {
    this.page = page;
    this.errors = errors;
  }

  // Chooses files: {name, text} each.
  async add(...files) {
    const given = files.map(({ name, text }) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) }));
    await this.page.getByLabel("Drop your exchanges' CSV files").setInputFiles(given);
  }

  // The card of a file; the newest when there are several.
  card(name) {
    return this.page.getByRole("article", { name, exact: true }).first();
  }

  // Waits until a card says something.
  async says(name, words, timeout = PATIENCE) {
    await this.card(name).getByText(words).first().waitFor({ timeout });
  }

  async picture(name) {
    await this.page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
  }

  // What axe finds that hinders somebody.
  async hindrances() {
    // The page's own policy lets no foreign script in; the debugger may evaluate one.
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run());
    const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    return serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  }

  // Whether something is wider than the window.
  async overflows() {
    return this.page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  }

  // Ends the visit; `allowed` are errors that the test itself brought about.
  async leave(allowed = /^$/) {
    await this.page.unrouteAll({ behavior: "ignoreErrors" });
    const unexpected = this.errors.filter((error) => !allowed.test(error));
    await this.page.context().close();
    assert.deepEqual(unexpected, []);
  }
}
