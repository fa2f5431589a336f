// When the script may speak, and what it knows of the page it is on.
import assert from "node:assert/strict";
import test from "node:test";

import { AGREED, Browser, settled } from "./browser.mjs";

const cookies = (accepted, cookie) => ({ data: { consent: "banner", accepted }, cookie });

async function reports(browser) {
  await browser.load();
  browser.track({ type: "save", item: "shop.product:1" });
  await browser.close();
  return browser.beacons.length > 0;
}

const answers = [
  ["yes", "banner=yes", true],
  ["yes|all", "a=1; banner=all; b=2", true],
  ["a%7Cb", "banner=a|b", true],
  ["yes", 'banner="yes"', true],
  ["all%20of%20it", "banner=all%20of%20it", true],
  ["100%25", "banner=100%25", true],
  ["100%25", "banner=100%", true],
  ["yes", "banner=no; banner=yes", true],
  ["yes", "banner=yes; banner=no", false],
  ["yes", "banner=yesterday", false],
  ["yes", "xbanner=yes", false],
  ["yes", "", false],
  ["undefined", "", false],
  ["yes", "banner=%", false],
];
for (const [accepted, cookie, expected] of answers)
  test(`${accepted} is ${expected ? "" : "not "}what ${cookie || "no cookie"} says`, async () => {
    const browser = new Browser(cookies(accepted, cookie));

    assert.equal(await reports(browser), expected);
    assert.equal(browser.stored.size, 0); // a page without a view id has nothing to remember
  });

test("whoever opted out, or whose browser objects, is left alone", async () => {
  const out = new Browser({ ...AGREED, cookie: "banner=yes; off=1" });
  assert.equal(await reports(out), false);
  for (const signal of [{ globalPrivacyControl: true }, { doNotTrack: "1" }]) {
    const heard = new Browser({ ...AGREED, data: { ...AGREED.data, signals: "1" } });
    Object.assign(navigator, signal);
    assert.equal(await reports(heard), false);
    const unheard = new Browser(AGREED);
    Object.assign(navigator, signal);
    assert.equal(await reports(unheard), true);
  }
});

test("a no on a page that was watched is told to the shop, once and in no words", async () => {
  const browser = new Browser({ ...AGREED, about: "shop.product:31" });
  await browser.load();

  browser.page.cookie = "banner=no";
  await browser.hide();
  await browser.hide(false);
  await browser.close();

  assert.deepEqual(
    browser.requests.map(({ method, body }) => [method, body]),
    [[undefined, undefined]],
  );
  assert.equal(browser.beacons.length, 0);
});

test("a no that a later page of the tab finds is told once, and what was stored goes", async () => {
  const first = new Browser({ ...AGREED, data: { ...AGREED.data, view: "abc" } });
  await first.load();
  assert.equal(first.stored.size, 1);
  const refused = { ...AGREED, cookie: "banner=no" };

  const asked = [];
  for (let count = 0; count < 2; count++) {
    const browser = new Browser(refused);
    browser.stored = first.stored;
    await browser.load();
    asked.push(browser.requests.length);
  }

  assert.deepEqual(asked, [1, 0]);
  assert.equal(first.stored.size, 0);
});

test("whoever opts out on a page that was watched has told the shop already", async () => {
  const browser = new Browser({ ...AGREED, about: "shop.product:31" });
  await browser.load();

  browser.page.cookie += "; off=1";
  await browser.close();

  assert.equal(browser.requests.length + browser.beacons.length, 0);
});

test("where the cookie does not tell, the shop is asked once and believed", async () => {
  for (const allowed of [true, false]) {
    const browser = new Browser();
    browser.reply = () => ({ says: { allowed } });

    assert.equal(await reports(browser), allowed);
    await browser.hide();
    await browser.hide(false);
    assert.equal(browser.requests.filter((one) => !one.method).length, 1);
  }
});

test("whose browser objects is not even asked about", async () => {
  const browser = new Browser({ data: { signals: "1" } });
  navigator.globalPrivacyControl = true;

  assert.equal(await reports(browser), false);
  assert.equal(browser.requests.length, 0);
});

for (const [what, reply] of [
  ["too many asked", { status: 202, says: { allowed: false, purposes: [], unread: true } }],
  ["too many asked, in words of before", { status: 202, says: { result: "", unread: true } }],
  ["too many asked, and is told so", { status: 429, says: { detail: "Come again." } }],
  ["its page is foreign", { status: 403, says: { detail: "Sent by no page of this shop." } }],
  ["there is nothing there", { status: 404, says: { detail: "There is nothing here." } }],
  ["the shop is away", { status: 503, says: null }],
  ["the answer says something else", { says: { allowed: "false" } }],
  ["the answer is no JSON", { broken: "Unexpected token < in JSON" }],
])
  test(`where ${what}, nobody agreed, and the shop is not asked again from this page`, async () => {
    const browser = new Browser();
    browser.reply = () => reply;

    assert.equal(await reports(browser), false);
    await browser.hide();
    await browser.hide(false);
    await browser.press();
    assert.equal(browser.requests.length, 1);
  });

test("an answer that does not come is a no", async () => {
  const browser = new Browser();
  browser.reply = () => ({ error: "Failed to fetch" });

  assert.equal(await reports(browser), false);
});

test("a banner that was answered may have the shop asked again", async () => {
  const browser = new Browser();
  let allowed = false;
  browser.reply = () => ({ says: { allowed } });
  await browser.load();

  allowed = true;
  browser.page.dispatchEvent(new Event("persona:consent"));
  await settled();
  browser.track({ type: "save", item: "shop.product:1" });
  await browser.close();

  assert.equal(browser.beacons.length, 1);
});

test("a page that nobody looks at yet, as one rendered ahead of time, waits", async () => {
  const browser = new Browser({ ...AGREED, hidden: true, about: "shop.product:31" });
  await browser.load();
  await browser.close();
  assert.equal(browser.beacons.length, 0);
  assert.equal(browser.stored.size, 0);

  await browser.hide(false);
  await browser.close();

  assert.equal(browser.beacons[0].events[0].type, "view");
});

test("the item is what the page says last, or what its head said", async () => {
  const data = { ...AGREED.data, item: "shop.product:1" };
  for (const [about, expected] of [
    ["shop.product:31", "shop.product:31"],
    [undefined, "shop.product:1"],
  ]) {
    const browser = new Browser({ ...AGREED, data, about });
    await browser.load();
    await browser.close();

    assert.equal(browser.beacons[0].events[0].item, expected);
  }
});

test("a copy that this browser has shown is given another id", async () => {
  const given = { ...AGREED, data: { ...AGREED.data, view: "abc" }, about: "shop.product:31" };
  const first = new Browser(given);
  await first.load();
  await first.close();
  const second = new Browser(given);
  second.stored = first.stored;
  await second.load();
  await second.close();

  assert.equal(first.beacons[0].events[0].id, "abc");
  assert.match(second.beacons[0].events[0].id, /^(?!abc$)\w{6,}$/);
});

test("what is remembered of copies stays small", async () => {
  const stored = new Map([["persona", " old".repeat(2_000)]]);
  const browser = new Browser({ ...AGREED, data: { ...AGREED.data, view: "abc" } });
  browser.stored = stored;

  await browser.load();

  assert.equal(stored.get("persona").length, 2_000);
  assert.ok(stored.get("persona").endsWith(" abc"));
});

const led = { ...AGREED, about: "shop.product:31" };
const unasked = { ...AGREED.data, view: "abc", unasked: "1" };
for (const [why, given] of [
  ["a page that another site's script opened", { ...led, data: unasked }],
  ["the same, which names itself as where it came from", { ...led, data: unasked, referrer: "" }],
  ["a page out of a cache, from another site", { ...led, referrer: "https://blog.test/" }],
  ["a page out of a cache, from who knows where", { ...led, referrer: "" }],
])
  test(`${why} is looked at once somebody does something there`, async () => {
    const browser = new Browser(given);
    await browser.load();
    await browser.press(false);
    await browser.hide();
    await browser.hide(false);
    assert.equal(browser.beacons.length + browser.requests.length, 0);
    assert.equal(browser.stored.size, 0);

    await browser.press();
    await browser.close();

    assert.equal(browser.beacons[0].events[0].type, "view");
  });

test("a page that the server knows to be chosen is looked at without more", async () => {
  const browser = new Browser({ ...led, referrer: "", data: { ...AGREED.data, view: "abc" } });
  await browser.load();
  await browser.close();

  assert.equal(browser.beacons[0].events[0].id, "abc");
});

const ways = [
  [{ referrer: "" }, "direct"],
  [{ referrer: "https://shop.test/c/tea/" }, "internal"],
  [{ referrer: "https://www.google.co.uk/" }, "search"],
  [{ referrer: "https://duckduckgo.com/" }, "search"],
  [{ referrer: "https://blog.test/" }, "site"],
  [{ referrer: "https://blog.test/", search: "?a=1&utm_source=letter" }, "campaign"],
  [{ referrer: "", search: "?gclid=1" }, "campaign"],
];
for (const [given, word] of ways)
  test(`coming from ${given.search || given.referrer || "nowhere"} is ${word}`, async () => {
    const browser = new Browser({ ...AGREED, ...given, about: "shop.product:31" });
    await browser.load();
    await browser.press();
    await browser.close();

    assert.equal(browser.beacons[0].entry, word);
    assert.ok(!JSON.stringify(browser.beacons).includes("test/"));
  });

test("the two functions for the shop's own modules are there without a tag, too", async () => {
  const browser = new Browser();
  browser.page.querySelector = () => null;
  const { track, page } = await browser.load();

  track({ type: "save" });
  page({ item: "shop.product:1" });

  assert.equal(browser.requests.length, 0);
});
