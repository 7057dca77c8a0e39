// `publish` before an AWS CLI that notes what it is asked: the real one needs an account.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

const AWS = `#!/bin/sh
printf '%s\\n' "$*" >> "$NOTED"
case "$*" in
  *PageBucketName*) printf '%s\\n' "$BUCKET" ;;
  *PageConfig*) printf '%s\\n' '{"issuer":"https://id.example","client_id":"page"}' ;;
  *PageUrl*) echo https://page.example/ ;;
  "s3 cp"*) cat >> "$NOTED" ;;
esac
`;

function publish(arguments_, bucket = "files") {
  const folder = mkdtempSync(path.join(tmpdir(), "millrace-"));
  const noted = path.join(folder, "noted");
  writeFileSync(noted, "");
  writeFileSync(path.join(folder, "aws"), AWS);
  chmodSync(path.join(folder, "aws"), 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, NOTED: noted, BUCKET: bucket };
  const script = path.resolve(import.meta.dirname, "../publish");
  const { status, stdout, stderr } = spawnSync(script, arguments_, { env, encoding: "utf8" });
  const asked = readFileSync(noted, "utf8");
  rmSync(folder, { recursive: true });
  return { status, stdout, stderr, asked };
}

test("the page's files go to the stack's bucket, and what the page must know beside them", () => {
  const { status, stdout, asked } = publish(["millrace-dev"]);
  assert.equal(status, 0);
  assert.match(asked, /--stack-name millrace-dev /);
  assert.match(asked, /^s3 sync \. s3:\/\/files --delete --exclude \* /m);
  assert.match(asked, /^s3 cp - s3:\/\/files\/config\.json --content-type application\/json\n\{"issuer":"https:\/\/id\.example","client_id":"page"\}$/m);
  assert.match(stdout, /https:\/\/page\.example\//);
});

test("without a stack, or with one that has no page, nothing is sent", () => {
  assert.equal(publish([]).status, 2);
  const without = publish(["other"], "");
  assert.equal(without.status, 1);
  assert.match(without.stderr, /the stack other has no page/);
  assert.doesNotMatch(without.asked, /^s3 /m);
});
