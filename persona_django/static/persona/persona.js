/*
 * Tells the shop what happens on its pages: what was looked at, for how long, what was seen of
 * the blocks, chosen and refused. It speaks to the shop itself and to nobody else, and only after
 * the visitor agreed: until then it sends no report and stores nothing.
 *
 * {% persona_script %} loads it; docs/script.md lists the attributes it reads and what it sends.
 * persona.min.js is built from this file by `tox run -e script`. Every byte is paid for by every
 * visitor (4 KB at most), so there are few niceties, and whatever fails is let go in silence: no
 * page may suffer from being watched.
 */

// A batch stays far below the 64 KB that browsers let a closing page send. Characters are
// counted, because counting bytes takes more code: each is three bytes at most.
const MOST_WAITING = 200;
const MOST_IN_A_BATCH = 50;
const MOST_CHARACTERS = 2e4;
const MOST_OF_ONE_EVENT = 4e3;
const MOST_TOKENS = 20;
const MOST_FAILURES = 5;
const LONGEST_DWELL = 2047;
const LONGEST_TEXT = 200;
const SEND_AFTER = 3e3;
const SEEN_AFTER = 1e3;
const READ_AFTER = 3e3;

const PARTS = /^(gallery|zoom|quick-view|hover|video|reviews|size-chart)$/;
const PARTS_TO_READ = /^(reviews|size-chart)$/;
const WITHOUT_ITEM = /^(search|filter|sort|slate)$/;
const CAMPAIGN = /[?&](utm_|gclid|msclkid|fbclid)/;
const SEARCH_ENGINE = /\b(google|bing|duckduckgo|yahoo|ecosia|qwant|startpage|baidu|yandex)\./;
const STORED_AS = "persona";

const tag = document.querySelector("script[data-events]");

/** Reports one event: `track({type: "save", item: "shop.product:31"})`. */
export const track = (event) => tell("persona:track", event);

/** Says that a page of a single-page shop is shown now: `page({item: "shop.product:31"})`. */
export const page = (about) => tell("persona:page", about);

function start() {
  const given = tag.dataset;
  // Names of events need only differ for one visitor: 40 random bits and a number.
  const salt = random();
  let count = 0;
  let queue = [];
  let timer;
  let isSending;
  let failures = 0;

  let isRunning; // the visitor agreed, and this page is watched
  let isOver; // the shop said stop, or does not answer: no more from this page
  let serverAllows; // what the shop said, where the script cannot read the banner's cookie

  let next = { view: given.view }; // what is known of the view that begins now
  let named = given.item; // what the first page is about, where its head could tell
  let view;
  let item;
  let entry = entryOf();
  // Who was led here by another site has not chosen to look, until they do something here. The
  // server tells by the view's id; a page out of a cache, by where its link stood.
  let isChosen = given.view ? !given.unasked : entry == "internal";
  let visibleSince;
  let reported; // what counts once in a view
  let shares; // media element -> share reported; 2 when it was heard to the end
  let watched;
  let scanning;
  let hovered;
  let hovering;
  let live; // where screen readers hear what a button did
  const holds = new Map(); // what is on the screen -> the timer after which it was seen

  // -- may I? ------------------------------------------------------------------------------------

  const isRefused = () =>
    isOver ||
    cookie(given.off) ||
    (given.signals && (navigator.globalPrivacyControl || navigator.doNotTrack == 1));

  const mayReport = () =>
    !isRefused() &&
    (given.consent
      ? given.accepted.split("|").map(decoded).includes(decoded(cookie(given.consent)))
      : serverAllows);

  const ask = () => fetch(given.events, { keepalive: true });

  /** Begins when somebody looks at the page and has agreed. Harmless while it runs. */
  function wake() {
    // Nobody looked at a page that was rendered ahead of time, or in a tab behind this one.
    if (isRunning || document.hidden || !isChosen) return;
    if (mayReport()) open();
    else if (!given.consent && serverAllows == null && !isRefused()) {
      serverAllows = false;
      ask()
        .then((reply) => reply.json())
        .then(({ allowed }) => {
          // Whatever else it says is a no, until the next page asks: never again at once.
          serverAllows = allowed === true;
          if (serverAllows) wake();
        })
        .catch(nothing);
    } else if (sessionStorage.getItem(STORED_AS)) rest(); // a page of before was watched
  }

  /** Forgets everything: the visitor took their consent back, or the shop wants no more. */
  function rest() {
    // Where pages come out of caches no other request may tell the shop of a no. What opted out
    // has told it already.
    if (!isOver && !cookie(given.off)) ask().catch(nothing);
    isRunning = false;
    queue = [];
    timer = clearTimeout(timer);
    release();
    scan();
    // At the end, because it throws where storage is forbidden.
    sessionStorage.removeItem(STORED_AS);
  }

  // -- views -------------------------------------------------------------------------------------

  function open() {
    if (!mayReport()) return rest();
    if (!isRunning)
      new MutationObserver(() => (scanning ||= later(scan, 300))).observe(
        document.documentElement,
        { childList: true, subtree: true },
      );
    isRunning = true;
    view = unusedView(next.view);
    item = next.item === undefined ? itemOfPage() : next.item;
    reported = new Set();
    shares = new Map();
    note("view", { id: view, item });
    show();
  }

  /** The page's own view id, or another where this browser has shown this very copy before. */
  function unusedView(id) {
    try {
      const used = sessionStorage.getItem(STORED_AS) || "";
      if (used.includes(id)) id = 0;
      if (id) sessionStorage.setItem(STORED_AS, `${used} ${id}`.slice(-2e3));
    } catch {}
    return id || random();
  }

  function itemOfPage() {
    // The last one, because what a page says itself stands after what its blocks suggest.
    const about = [...all("about")].pop();
    return about ? read(about, "about") : named;
  }

  function show() {
    visibleSince = performance.now();
    // Observed anew, everything on the screen is reported again, and held from now on.
    watched = new WeakSet();
    watcher.disconnect();
    scan();
  }

  /** Notes what only the end of looking tells: how long, and how much of a film. */
  function hide() {
    release();
    hover();
    const seconds = Math.round((performance.now() - visibleSince) / 1e3);
    if (seconds) note("dwell", { item, seconds: Math.min(seconds, LONGEST_DWELL) });
    visibleSince = NaN;
    for (const medium of shares.keys()) play(medium, true);
  }

  // -- what is seen ------------------------------------------------------------------------------

  const watcher = new IntersectionObserver(
    guarded((changes) => {
      for (const { target, intersectionRatio, intersectionRect } of changes) {
        const { height } = intersectionRect;
        // Half of it, or half of the screen where it is larger than that.
        if (!height || (intersectionRatio < 0.5 && height < innerHeight / 2)) release(target);
        else if (!holds.has(target))
          holds.set(
            target,
            later(() => see(target), read(target, "token") ? SEEN_AFTER : READ_AFTER),
          );
      }
    }),
    { threshold: [0.02, 0.05, 0.1, 0.2, 0.35, 0.5] },
  );

  function release(target) {
    for (const held of target ? [target] : holds.keys()) {
      clearTimeout(holds.get(held));
      holds.delete(held);
    }
  }

  function see(target) {
    if (!read(target, "token")) return engage(read(target, "part"), target);
    const { slate } = proof(target);
    const position = +read(target, "slot");
    if (!once(`${slate} ${position}`)) return;
    // With the slots around it, but of a long list not all, so that one report stays small.
    const chunk = (slot) => proof(slot).slate + Math.ceil(read(slot, "slot") / MOST_TOKENS);
    const slots = [...all("slot")].filter((slot) => chunk(slot) == chunk(target));
    const first = +read(slots[0], "slot");
    const waiting = queue.find((event) => event.slate == slate && event.first == first);
    if (waiting) return waiting.seen.push(position);
    const tokens = slots.map((slot) => read(slot, "token"));
    note("slate", { slate, tokens, first, seen: [position] });
  }

  /** Looks for what has joined the page. */
  function scan() {
    scanning = 0;
    for (const target of all("slot", "part"))
      if (
        isRunning &&
        !watched.has(target) &&
        (read(target, "token") || PARTS_TO_READ.test(read(target, "part")))
      ) {
        watched.add(target);
        watcher.observe(target);
      }
    for (const list of all("search")) {
      const words = short(read(list, "search"));
      // A template may have written 1,234 or 1.234.
      const results = number(read(list, "results")?.replace(/\D/g, ""));
      if (words && once(`? ${words}`)) note("search", { words, results });
    }
    for (const tools of all("tools")) {
      tools.hidden = !isRunning;
      if (!live) {
        // It must stand in the page before it is written into, or it is not read out.
        live = made("p", "persona-visually-hidden");
        live.role = "status";
        document.body.append(live);
      }
    }
  }

  // -- what is done ------------------------------------------------------------------------------

  function engage(part, where) {
    if (!PARTS.test(part)) part = "other";
    const of = itemAt(where);
    if (once(part + of)) note("engage", { item: of, part, share: 1 });
  }

  function hover(target) {
    clearTimeout(hovering);
    hovered = target;
    if (target) hovering = later(() => engage("hover", target), SEEN_AFTER);
  }

  /** Reports media by quarters of what was really played, and what is left `atEnd`. */
  function play(medium, atEnd) {
    const media = near(medium, "media");
    if (!media && !near(medium, "part")) return;
    let seconds = 0;
    for (let n = medium.played.length; n--; )
      seconds += medium.played.end(n) - medium.played.start(n);
    const share = Math.min(1, seconds / medium.duration) || 0;
    const before = shares.get(medium) ?? -1;
    const isDone = medium.ended || share > 0.95;
    if (before > 1 || (!isDone && share < before + (atEnd ? 0.01 : 0.25))) return;
    shares.set(medium, isDone ? 2 : share);
    if (media)
      note(isDone ? "finish" : before < 0 ? "play" : "progress", {
        item: read(media, "media") || itemAt(medium),
        // Of what never ends there is no share: left out, it counts as played.
        share: medium.duration == 1 / 0 ? undefined : share,
      });
    else if (before >= 0) note("engage", { item: itemAt(medium), part: "video", share });
  }

  function press(event) {
    const { target, type } = event;
    // The click may be the one that agrees, and a banner sets its cookie after us.
    if (!isRunning) return given.consent && later(wake, 500);
    const slot = near(target, "slot");
    const isClick = type == "click";
    const button = isClick && near(target, "dismiss", "more");
    if (button) {
      // It may stand within a link.
      event.preventDefault();
      return opine(button, slot);
    }
    const link = target.closest("a,button,[role=link]");
    if (slot && link && !link.type) note("click", proof(slot));
    if (!isClick) return;
    use(target);
    const act = near(target, "cart", "save", "track");
    // A button that submits is reported with its form, which may still be filled in wrongly.
    if (act && !act.elements && !(act.form && act.type == "submit")) report(act);
    if (link && (read(link, "filter") ?? read(link, "sort")) != null)
      choose(link, link, link.textContent);
  }

  function use(target) {
    const part = near(target, "part");
    const name = read(part, "part");
    // Of a film counts what was played, not that somebody reached for it.
    if (part && name != "video") engage(name, part);
  }

  function change({ target }) {
    use(target);
    const marked = near(target, "filter", "sort");
    const isOff = /^(checkbox|radio)$/.test(target.type) && !target.checked;
    if (marked && !isOff) choose(marked, target, target.value);
  }

  /** Reports a filter or an order of the list that was chosen. */
  function choose(marked, field, text) {
    const sort = read(marked, "sort");
    const bound = read(field, "bound");
    const name = read(marked, "filter") || field.name;
    const said = read(field, "value");
    const value = short(said || text);
    if (sort != null) note("sort", { value: sort || value });
    // What was typed is nobody's choice among the shop's words: those are kept, a search's are not.
    else if (!bound && !said && field.selectionStart != null)
      value && note("search", { words: value });
    else if (!bound) value && note("filter", { name, value });
    else if (number(value) != null) note("filter", { name, [bound]: number(value) });
  }

  /** Reports what the shop marked as its cart's, its wish list's or of a kind of its own. */
  function report(marked) {
    const cart = read(marked, "cart");
    const own = read(marked, "track");
    note(cart == null ? own || read(marked, "save") || "save" : `cart_${cart || "add"}`, {
      item: itemAt(marked),
      quantity:
        cart == null
          ? undefined
          : number(
              read(marked, "quantity") || (marked.form || marked).elements?.quantity?.value,
            ),
      value: own ? number(read(marked, "value")) : undefined,
    });
  }

  /** "Not for me", which can be undone, and "more like this". */
  function opine(button, slot) {
    const isMore = read(button, "more") != null;
    const about = read(button, isMore ? "more" : "dismiss") || itemAt(button);
    if (button.ariaDisabled) return;
    note(isMore ? "more_like" : "dismiss", slot ? proof(slot) : { item: about });
    say("said");
    // Not `disabled`, which would take the focus from whoever uses a keyboard.
    if (isMore) button.ariaDisabled = true;
    const undo = read(button, "undo");
    const place = slot || near(button, "item");
    if (!undo || !place) return;
    const line = made("p", "persona-undo", read(button, "said"));
    const back = made("button", "persona-tool", undo);
    back.type = "button";
    line.append(" ", back);
    place.append(line);
    place.classList.add("persona-gone");
    back.focus();
    back.onclick = guarded(() => {
      line.remove();
      place.classList.remove("persona-gone");
      button.focus();
      say("undone");
      note("restore", { item: about });
    });

    function say(what) {
      if (live) live.textContent = read(button, what);
    }
  }

  // -- the queue ---------------------------------------------------------------------------------

  function note(type, about) {
    if (!isRunning || ("item" in about && !about.item)) return;
    const event = { id: salt + ++count, type, at: Date.now(), ...about };
    if (JSON.stringify(event).length > MOST_OF_ONE_EVENT) return;
    queue = [...queue, event].slice(-MOST_WAITING);
    timer ||= later(send, SEND_AFTER);
  }

  /** Sends what waits. A page that is left does not wait for the reply to what went before. */
  function send(isLeft, isGone) {
    timer = clearTimeout(timer);
    if (!isRunning) return;
    if (!mayReport()) return rest();
    while (queue.length && (isLeft || !isSending)) {
      const events = nextBatch();
      const body = JSON.stringify({
        sent: Date.now(),
        tz: -new Date().getTimezoneOffset(),
        entry,
        events,
      });
      // A beacon outlives its page and keeps it fit for the back button. A request that is
      // answered can be repeated.
      if (isGone && navigator.sendBeacon?.(given.events, body)) continue;
      isSending = true;
      fetch(given.events, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        keepalive: true,
        body,
      })
        .then((reply) => settle(reply, events))
        .catch(() => retry(events));
    }
  }

  function nextBatch() {
    let length = 0;
    let size = 0;
    while (length < MOST_IN_A_BATCH && length < queue.length) {
      size += JSON.stringify(queue[length]).length;
      if (size > MOST_CHARACTERS) break;
      length++;
    }
    return queue.splice(0, length);
  }

  async function settle(reply, events) {
    if (reply.status == 429 || reply.status > 499)
      return retry(events, reply.headers.get("Retry-After"));
    // Whatever else is no yes will be none the next time: this is not for us.
    const said = reply.ok ? await reply.json() : { stop: true };
    isSending = false;
    failures = 0;
    if (said.stop) stop();
    else if (queue.length) timer ||= later(send, SEND_AFTER);
  }

  function retry(events, seconds) {
    isSending = false;
    if (!isRunning) return;
    if (++failures > MOST_FAILURES) return stop();
    // Under the same names, so that what did arrive is not counted twice.
    queue = [...events, ...queue].slice(-MOST_WAITING);
    clearTimeout(timer);
    timer = later(
      send,
      Math.max(seconds * 1e3 || 0, SEND_AFTER * 2 ** failures * (0.5 + Math.random())),
    );
  }

  function stop() {
    isOver = true;
    rest();
  }

  // -- small things ------------------------------------------------------------------------------

  const itemAt = (target) => read(near(target, "item"), "item") || item;
  const once = (name) => isRunning && !reported.has(name) && reported.add(name);
  const proof = (slot) => ({
    token: read(slot, "token"),
    slate: `${view} ${read(slot, "slate")}`,
  });
  const listen = (name, then, where = document) =>
    where.addEventListener(name, guarded(then), true);

  listen("visibilitychange", () => {
    if (!isRunning) return wake();
    if (!document.hidden) return show();
    hide();
    send(true);
  });
  listen("pagehide", () => (hide(), send(true, true)), window);
  listen(
    "pageshow",
    ({ persisted }) => {
      if (!persisted) return;
      entry = "internal";
      next = { item };
      if (isRunning) open();
      else wake();
    },
    window,
  );
  for (const act of ["pointerdown", "keydown", "wheel"])
    listen(act, ({ isTrusted }) => {
      if (isChosen || !isTrusted) return;
      isChosen = true;
      wake();
    });
  listen("click", press);
  listen("auxclick", (event) => event.button == 1 && press(event));
  listen("change", change);
  listen("submit", ({ target, submitter }) => {
    const marked = near(submitter || target, "cart", "save", "track");
    if (marked) report(marked);
  });
  listen("pointerover", ({ target, pointerType }) => {
    const over = near(target, "slot", "part");
    if (isRunning && over != hovered) hover(pointerType == "mouse" && over);
  });
  listen("pointerout", ({ relatedTarget }) => relatedTarget || hover());
  listen("timeupdate", ({ target }) => isRunning && play(target));
  listen("ended", ({ target }) => isRunning && play(target));
  listen("persona:consent", () => {
    serverAllows = undefined;
    wake();
  });
  listen("persona:track", ({ detail: { type, ...about } }) =>
    note(type, about.token || WITHOUT_ITEM.test(type) ? about : { item, ...about }),
  );
  listen("persona:page", ({ detail }) => {
    if (isRunning) {
      hide();
      send();
    }
    named = "";
    entry = "internal";
    next = detail || {};
    if (isRunning) open();
  });
  wake();
}

function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

/** The same function, which keeps its faults to itself. */
function guarded(then) {
  return (...given) => {
    try {
      return then(...given);
    } catch {}
  };
}

function nothing() {}

function later(then, after) {
  return setTimeout(guarded(then), after);
}

function random() {
  return Math.random().toString(36).slice(2, 10);
}

const short = (text) => text.trim().slice(0, LONGEST_TEXT);

/** A number as people write it, or nothing. */
function number(text) {
  const value = text ? +text.replace(",", ".") : NaN;
  return value == value ? value : undefined;
}

const selector = (names) => names.map((name) => `[data-persona-${name}]`).join();
const all = (...names) => document.querySelectorAll(selector(names));
const near = (target, ...names) => target.closest(selector(names));
const read = (element, name) => element && element.getAttribute("data-persona-" + name);

function made(name, className, text) {
  return Object.assign(document.createElement(name), { className, textContent: text });
}

function cookie(name) {
  // The last of equal names, as the server takes it.
  const found = document.cookie.split("; ").filter((one) => one.startsWith(name + "="));
  return found.pop()?.slice(name.length + 1);
}

function decoded(value) {
  try {
    return value && decodeURIComponent(value).replace(/^"|"$/g, "");
  } catch {
    return value;
  }
}

/** How the visitor came here, in one word; the address itself stays here. */
function entryOf() {
  if (CAMPAIGN.test(location.search)) return "campaign";
  if (!document.referrer) return "direct";
  const { host } = new URL(document.referrer);
  if (host == location.host) return "internal";
  return SEARCH_ENGINE.test(host) ? "search" : "site";
}

// Loaded twice, from two addresses, it watches once; a page within a page is nobody's view.
if (tag && !tag.isWatching && top == self) {
  tag.isWatching = true;
  guarded(start)();
}
