// How reports are gathered, kept within bounds, and sent again.
import assert from "node:assert/strict";
import test from "node:test";

import { AGREED, Browser, settled } from "./browser.mjs";

async function opened(t, more = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1e12 });
  const browser = new Browser({ ...AGREED, ...more });
  await browser.load();
  const passes = async (ms) => {
    t.mock.timers.tick(ms);
    await settled();
  };
  return { browser, passes };
}

const save = (key) => ({ type: "save", item: `shop.product:${key}` });

test("a report says when and where it was made and in what circumstances", async (t) => {
  const { browser, passes } = await opened(t);
  browser.track(save(1));

  await passes(3_000);

  const [{ address, method, keepalive, headers, body }] = browser.requests;
  const report = JSON.parse(body);
  assert.deepEqual([address, method, keepalive], ["/events/", "POST", true]);
  assert.equal(headers["Content-Type"], "application/json");
  assert.deepEqual(Object.keys(report), ["sent", "tz", "entry", "events"]);
  assert.equal(report.sent, 1e12 + 3_000);
  const [event] = report.events;
  assert.deepEqual(Object.keys(event), ["id", "type", "at", "item"]);
  assert.equal(event.at, 1e12);
});

test("what happens within three seconds is one request", async (t) => {
  const { browser, passes } = await opened(t);

  browser.track(save(1));
  await passes(1_000);
  browser.track(save(2));
  await passes(1_999);
  assert.equal(browser.requests.length, 0);
  await passes(1);

  assert.equal(browser.requests.length, 1);
  assert.equal(browser.events().length, 2);
});

test("a batch holds fifty events at most, and the next follows", async (t) => {
  const { browser, passes } = await opened(t);
  for (let key = 0; key < 120; key++) browser.track(save(key));

  await passes(3_000);
  await passes(3_000);
  await passes(3_000);

  const sizes = browser.requests.map((_, number) => browser.events(number).length);
  assert.deepEqual(sizes, [50, 50, 20]);
  assert.equal(new Set(browser.events().map((event) => event.id)).size, 120);
});

test("a batch is far smaller than what browsers let a closing page send", async (t) => {
  const { browser } = await opened(t);
  for (let key = 0; key < 100; key++)
    browser.track({ type: "search", words: "漢".repeat(3_000) + key });

  await browser.close();

  const sizes = browser.beacons.map((report) => Buffer.byteLength(JSON.stringify(report)));
  assert.ok(Math.max(...sizes) < 60_000, `${Math.max(...sizes)}`);
  assert.equal(browser.beacons.flatMap((report) => report.events).length, 100);
});

test("of what waits, the newest two hundred are kept", async (t) => {
  const { browser } = await opened(t);
  for (let key = 0; key < 1_000; key++) browser.track(save(key));

  await browser.close();

  const items = browser.beacons.flatMap((report) => report.events).map((event) => event.item);
  assert.equal(items.length, 200);
  assert.equal(items[0], "shop.product:800");
  assert.equal(items.at(-1), "shop.product:999");
});

test("an event that is too large, or of no item, is left out", async (t) => {
  const { browser, passes } = await opened(t);

  browser.track({ type: "save" });
  browser.track({ type: "save", item: "" });
  browser.track({ type: "search", words: "x".repeat(4_000) });
  browser.track(undefined);
  browser.track(save(1));
  await passes(3_000);

  assert.deepEqual(
    browser.events().map((event) => event.item),
    ["shop.product:1"],
  );
});

test("what fails is sent again under its ids, each time later, and then no more", async (t) => {
  const { browser, passes } = await opened(t);
  t.mock.method(Math, "random", () => 0.5);
  browser.reply = () => ({ error: "Failed to fetch" });
  browser.track(save(1));
  const waited = [];
  let since = 0;

  for (let second = 0; second < 600; second++) {
    const before = browser.requests.length;
    await passes(1_000);
    since++;
    if (browser.requests.length > before) {
      waited.push(since);
      since = 0;
    }
  }

  assert.deepEqual(waited, [3, 6, 12, 24, 48, 96]);
  assert.equal(new Set(browser.events().map((event) => event.id)).size, 1);
  browser.track(save(2));
  await passes(600_000);
  assert.equal(browser.requests.length, 6);
});

test("a shop that says when to come back is taken at its word", async (t) => {
  const { browser, passes } = await opened(t);
  browser.reply = () =>
    browser.requests.length < 2 ? { status: 503, headers: { "Retry-After": "120" } } : {};
  browser.track(save(1));

  await passes(3_000);
  browser.track(save(2));
  await passes(119_000);
  assert.equal(browser.requests.length, 1);
  await passes(1_000);

  assert.equal(browser.requests.length, 2);
  assert.equal(browser.events(0)[0].id, browser.events(1)[0].id);
  assert.equal(browser.events(1).length, 2);
});

test("a reply that is none, as of a sign-in page, is tried again", async (t) => {
  const { browser, passes } = await opened(t);
  browser.reply = () => (browser.requests.length < 2 ? { says: null } : {});
  browser.track(save(1));

  await passes(3_000);
  await passes(20_000);
  await passes(600_000);

  assert.equal(browser.requests.length, 2);
});

test("what is refused for good is not sent again", async (t) => {
  for (const status of [400, 403, 404, 413, 415]) {
    const { browser, passes } = await opened(t);
    browser.reply = () => ({ status });
    browser.track(save(1));

    await passes(3_000);
    browser.track(save(2));
    await passes(600_000);

    assert.equal(browser.requests.length, 1, `${status}`);
    t.mock.timers.reset();
  }
});

test("after trouble that is over, waiting begins anew", async (t) => {
  const { browser, passes } = await opened(t);
  t.mock.method(Math, "random", () => 0.5);
  browser.reply = () => (browser.requests.length % 2 ? { status: 500 } : {});

  for (let round = 0; round < 8; round++) {
    browser.track(save(round));
    await passes(3_000);
    await passes(6_000);
  }

  assert.equal(browser.requests.length, 16);
});

test("one request is under way at a time, unless the page is left", async (t) => {
  const { browser, passes } = await opened(t);
  let release;
  browser.reply = () => new Promise((resolve) => (release = () => resolve({})));
  browser.track(save(1));
  await passes(3_000);
  browser.track(save(2));
  await passes(60_000);
  assert.equal(browser.requests.length, 1);

  await browser.hide();
  assert.equal(browser.requests.length, 2);
  browser.track(save(3));
  await browser.close();

  assert.equal(browser.beacons.length, 1);
  release();
});

test("a beacon that the browser has no room for becomes a request", async (t) => {
  const { browser } = await opened(t);
  browser.acceptsBeacons = false;
  browser.track(save(1));

  await browser.close();

  assert.equal(browser.requests.length, 1);
  assert.equal(browser.events().length, 1);
});
