// A browser without a screen: as much of one as persona.js touches when nothing is on the page.

const SOURCE = new URL("../../../persona_django/static/persona/persona.js", import.meta.url);
const OWN = "https://shop.test/";
const MOST_REQUESTS = 100;
let loads = 0;

/** What a fresh page of the shop is, with whatever a test wants to be different. */
export class Browser {
  #presses = [];
  requests = [];
  beacons = [];
  stored = new Map();
  reply = () => ({});
  acceptsBeacons = true;

  constructor({ data = {}, cookie = "", hidden = false, referrer = OWN, search = "", about } = {}) {
    const page = new EventTarget();
    const tag = { dataset: { events: "/events/", off: "off", ...data } };
    const named = { getAttribute: () => about };
    Object.assign(page, {
      cookie,
      hidden,
      referrer,
      documentElement: {},
      querySelector: () => tag,
      querySelectorAll: (names) => (about && names.includes("about") ? [named] : []),
    });
    this.page = page;
    const listen = page.addEventListener.bind(page);
    page.addEventListener = (name, then, ...more) => {
      if (name == "keydown") this.#presses.push(then);
      listen(name, then, ...more);
    };
    this.window = new EventTarget();
    const watcher = class {
      observe() {}
      disconnect() {}
    };
    const globals = {
      document: page,
      window: this.window,
      top: globalThis,
      self: globalThis,
      location: { search, host: "shop.test" },
      navigator: { sendBeacon: (address, body) => this.#beacon(address, body) },
      sessionStorage: {
        getItem: (name) => this.stored.get(name) ?? null,
        setItem: (name, value) => this.stored.set(name, value),
        removeItem: (name) => this.stored.delete(name),
      },
      IntersectionObserver: watcher,
      MutationObserver: watcher,
      fetch: (address, options) => this.#fetch(address, options),
    };
    for (const [name, value] of Object.entries(globals))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }

  /** Loads the script into the page. */
  async load() {
    this.script = await import(`${SOURCE}?${++loads}`);
    await settled();
    return this.script;
  }

  track(event) {
    this.page.dispatchEvent(new CustomEvent("persona:track", { detail: event }));
  }

  /** Presses a key, as only a person can, or as a script of the page would pretend. */
  press(isTrusted = true) {
    for (const then of this.#presses) then({ isTrusted });
    return settled();
  }

  hide(hidden = true) {
    this.page.hidden = hidden;
    this.page.dispatchEvent(new Event("visibilitychange"));
    return settled();
  }

  close() {
    this.window.dispatchEvent(new Event("pagehide"));
    return settled();
  }

  /** Events of every request so far, or of one. */
  events(number) {
    const asked = number === undefined ? this.requests : [this.requests.at(number)];
    return asked.filter((one) => one.body).flatMap((one) => JSON.parse(one.body).events);
  }

  async #fetch(address, options = {}) {
    this.requests.push({ address, ...options });
    // Who asks without end would not even let a test fail.
    if (this.requests.length > MOST_REQUESTS) return new Promise(() => {});
    const { status = 200, says = {}, headers = {}, error, broken } = await this.reply(options);
    if (error) throw new TypeError(error);
    return {
      status,
      ok: status < 300,
      headers: { get: (name) => headers[name] ?? null },
      json: async () => {
        if (broken) throw new SyntaxError(broken);
        return says;
      },
    };
  }

  #beacon(address, body) {
    if (this.acceptsBeacons) this.beacons.push(JSON.parse(body));
    return this.acceptsBeacons;
  }
}

export const AGREED = { data: { consent: "banner", accepted: "yes" }, cookie: "banner=yes" };

/** When everything that was promised has happened. */
export async function settled() {
  for (let turn = 0; turn < 20; turn++) await null;
}
