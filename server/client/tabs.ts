import type { OpenWire, Wire, WireEvents } from "./wire.ts";

/**
 * What all tabs hear: a tab asks its leader for something, or another one leads.
 * What the leader tells a tab is a text, in a channel of that tab. All texts are
 * as in a pipe, with the numbers of the tab.
 */
type Note =
  | { readonly type: "ask"; readonly tab: string; readonly text: string }
  | { readonly type: "lead" };

/** The locks of a browser, which its tabs share. */
interface Locks {
  request(
    name: string,
    options: { readonly signal: AbortSignal } | { readonly steal: true },
    hold: () => Promise<void>,
  ): Promise<unknown>;
}

/** The socket of this tab. */
interface Own {
  /** Its number: each has another one. */
  readonly id: string;
  readonly protocols: string;
  readonly events: WireEvents;
  isOpen: boolean;
}

/** How long a leader may take to answer. */
const PATIENCE_MS = 4_000;

/** How long the service may take to answer, before the pipe counts as dead. */
const DEAD_MS = 10_000;

/** The code of a close without a goodbye. */
const LOST = "1006 ";

/**
 * One tab among those that share a socket. The tab that holds a lock leads: it
 * has the pipe for all of them. When it dies, the next one gets the lock. See ADR
 * 0005 of phoenix.
 */
export class Tabs {
  readonly #locks: Locks;
  readonly #name: string;
  readonly #tab: string = crypto.randomUUID();
  readonly #openPipe: OpenWire;
  readonly #all: BroadcastChannel;
  readonly #mine: BroadcastChannel;
  #own: Own | undefined;
  readonly #over = new AbortController();
  #leader: Leader | undefined;
  /** Whether it holds its own lock, so that the leader would miss it. */
  #isAlive = false;
  #count = 0;
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** Makes a tab among those with the same URL. */
  constructor(locks: Locks, url: URL, openPipe: OpenWire) {
    this.#locks = locks;
    this.#name = `ruthere ${url}`;
    this.#openPipe = openPipe;
    this.#all = new BroadcastChannel(this.#name);
    this.#all.onmessage = ({ data }) => this.#read(data);
    this.#mine = new BroadcastChannel(this.#nameOf(this.#tab));
    this.#mine.onmessage = ({ data }) => this.#take(data);
    const begin = () => {
      this.#isAlive = true;
      this.#renew();
    };
    this.#hold(this.#nameOf(this.#tab), this.#over, () => {
      begin();
      this.#elect();
    }, () => {
      // A page that may keep nothing has no locks: it is on its own.
      this.#all.close();
      this.#leader = new Leader(openPipe, () => (text) => this.#take(text));
      begin();
    });
  }

  /** Opens a wire through the leader, in place of the former one. */
  readonly open: OpenWire = (protocols, events) => {
    const id = String(++this.#count);
    this.#own = { id, protocols: protocols.join(", "), events, isOpen: false };
    this.#open(this.#own);
    return {
      send: (frame) => this.#ask(`${id} ${frame}`),
      close: () => {
        if (this.#own?.id !== id) return;
        this.#own = undefined;
        this.#ask(`-${id}`);
      },
    };
  };

  /** Ends it with its socket. */
  close(): void {
    if (this.#own !== undefined) this.#ask(`-${this.#own.id}`);
    this.#over.abort();
    clearTimeout(this.#patience);
    this.#leader?.end();
    this.#all.close();
    this.#mine.close();
  }

  #open({ id, protocols }: Own): void {
    if (!this.#isAlive) return;
    clearTimeout(this.#patience);
    // A leader that does not answer is frozen.
    this.#patience = setTimeout(() => this.#elect(true), PATIENCE_MS);
    this.#ask(`+${id} ${protocols}`);
  }

  #ask(text: string): void {
    if (this.#leader !== undefined) this.#leader.take(this.#tab, text);
    else this.#post({ type: "ask", tab: this.#tab, text });
  }

  #post(note: Note): void {
    if (!this.#over.signal.aborted) this.#all.postMessage(note);
  }

  #read(note: Note): void {
    if (note.type === "lead") this.#follow();
    else this.#leader?.take(note.tab, note.text);
  }

  /** Takes what the leader tells. */
  #take(text: string): void {
    clearTimeout(this.#patience);
    const [sign, id, rest] = parse(text);
    const own = this.#own;
    if (own?.id !== id) return;
    if (sign === "+") {
      own.isOpen = true;
      own.events.opened();
    } else if (sign === "-") {
      this.#own = undefined;
      const [code = "", ...reason] = rest.split(" ");
      own.events.closed(Number(code), reason.join(" "));
    } else own.events.received(rest);
  }

  /** Opens what waits by a new leader. What the former one had is lost. */
  #renew(): void {
    const own = this.#own;
    if (own === undefined) return;
    if (!own.isOpen) return this.#open(own);
    // The new one may have opened it already.
    this.#ask(`-${own.id}`);
    this.#take(`-${own.id} ${LOST}`);
  }

  #follow(): void {
    this.#leader?.end();
    this.#leader = undefined;
    this.#renew();
  }

  /** Waits to be the leader, or becomes it in place of a frozen one. */
  #elect(steal = false): void {
    if (steal && this.#leader !== undefined) return;
    const options = steal ? { steal } as const : this.#over;
    this.#hold(this.#name, options, () => {
      const leader = new Leader(this.#openPipe, (tab, onGone) => {
        if (tab === this.#tab) return (text) => this.#take(text);
        const channel = new BroadcastChannel(this.#nameOf(tab));
        leader.ended.addEventListener("abort", () => channel.close());
        this.#hold(channel.name, { signal: leader.ended }, (release) => {
          release();
          onGone();
          channel.close();
        });
        return (text) => channel.postMessage(text);
      });
      this.#leader?.end();
      this.#leader = leader;
      this.#post({ type: "lead" });
      this.#renew();
      return () => {
        // This tab was frozen, and another one leads.
        if (this.#leader === leader) this.#follow();
        this.#elect();
      };
    });
  }

  /**
   * Holds a lock until it is released; `onHeld` may return what to do if it is
   * stolen.
   */
  #hold(
    name: string,
    options: { readonly signal: AbortSignal } | { readonly steal: true },
    onHeld: (release: () => void) => (() => void) | void,
    onDenied?: () => void,
  ): void {
    const { signal: over } = this.#over;
    let onLost = onDenied;
    const hold = () =>
      new Promise<void>((resolve) => {
        if (over.aborted) return resolve();
        over.addEventListener("abort", () => resolve());
        onLost = onHeld(resolve) ?? undefined;
      });
    const wanted = "steal" in options ? options : { signal: options.signal };
    this.#locks.request(name, wanted, hold).catch(() => {
      if (!over.aborted) onLost?.();
    });
  }

  #nameOf(tab: string): string {
    return `${this.#name} ${tab}`;
  }
}

/** Tells a tab something. */
type Tell = (text: string) => void;

/** A socket in the pipe. */
interface Held {
  readonly tab: Holder;
  /** Its number there. */
  readonly id: string;
}

/** A tab with sockets in the pipe. */
interface Holder {
  readonly tell: Tell;
  /** Their numbers in the pipe, by their numbers in the tab. */
  readonly sockets: Map<string, string>;
}

/** Has the pipe for all tabs. */
class Leader {
  readonly #openPipe: OpenWire;
  readonly #watch: (tab: string, onGone: () => void) => Tell;
  readonly #over = new AbortController();
  readonly #tabs = new Map<string, Holder>();
  /** The sockets by their numbers in the pipe. */
  readonly #sockets = new Map<string, Held>();
  /** What waits until the pipe is open. */
  #waiting: string[] | undefined;
  #pipe: Wire | undefined;
  #count = 0;
  #death: ReturnType<typeof setTimeout> | undefined;

  /** Makes it; `watch` tells what becomes of a tab, and returns how to tell it. */
  constructor(
    openPipe: OpenWire,
    watch: (tab: string, onGone: () => void) => Tell,
  ) {
    this.#openPipe = openPipe;
    this.#watch = watch;
  }

  /** Aborted at its end. */
  get ended(): AbortSignal {
    return this.#over.signal;
  }

  /** Takes what a tab asks for. */
  take(name: string, text: string): void {
    const [sign, id, rest] = parse(text);
    const known = this.#tabs.get(name)?.sockets.get(id);
    if (sign === "+") {
      const tab = this.#tabs.get(name) ?? this.#meet(name);
      // It lives, even if the service takes its time.
      tab.tell("");
      // A tab may ask twice, if it is not sure who leads.
      if (known === undefined) this.#open(tab, id, rest);
    } else if (known !== undefined) {
      this.#write(`${sign}${known} ${rest}`);
      if (sign === "-") this.#forget(known);
    }
  }

  /** Closes the pipe, and tells nobody: another tab leads. */
  end(): void {
    this.#over.abort();
    this.#sockets.clear();
    this.#drop();
  }

  #meet(name: string): Holder {
    const sockets = new Map<string, string>();
    const tell = this.#watch(name, () => {
      for (const id of [...sockets.keys()]) this.take(name, `-${id}`);
      this.#tabs.delete(name);
    });
    const tab = { tell, sockets };
    this.#tabs.set(name, tab);
    return tab;
  }

  #open(tab: Holder, id: string, protocols: string): void {
    const number = String(++this.#count);
    this.#sockets.set(number, { tab, id });
    tab.sockets.set(id, number);
    try {
      this.#pipe ??= this.#connect(protocols);
    } catch {
      // As one that never opens: the browser tells the developer why.
      return this.#closed(LOST);
    }
    this.#write(`+${number} ${protocols}`);
    this.#death ??= setTimeout(() => this.#closed(LOST), DEAD_MS);
  }

  #connect(protocols: string): Wire {
    this.#waiting = [];
    const list = protocols === "" ? [] : protocols.split(", ");
    const pipe = this.#openPipe(list, {
      opened: () => {
        if (this.#pipe !== pipe) return;
        const waiting = this.#waiting ?? [];
        this.#waiting = undefined;
        for (const text of waiting) pipe.send(text);
      },
      received: (text) => {
        this.#settle();
        const [sign, number, rest] = parse(text);
        const held = this.#sockets.get(number);
        if (held === undefined) return;
        if (sign === "-") this.#forget(number);
        held.tab.tell(`${sign}${held.id} ${rest}`);
      },
      closed: (code, reason) => {
        if (this.#pipe === pipe) this.#closed(`${code} ${reason}`);
      },
    });
    return pipe;
  }

  #closed(why: string): void {
    this.#drop();
    for (const [number, { tab, id }] of [...this.#sockets]) {
      this.#forget(number);
      tab.tell(`-${id} ${why}`);
    }
  }

  #forget(number: string): void {
    const held = this.#sockets.get(number);
    this.#sockets.delete(number);
    held?.tab.sockets.delete(held.id);
    if (this.#sockets.size === 0) this.#drop();
  }

  /** The pipe has answered. */
  #settle(): void {
    clearTimeout(this.#death);
    this.#death = undefined;
  }

  /** Lets the pipe be the former one. */
  #drop(): void {
    this.#settle();
    this.#pipe?.close();
    this.#pipe = undefined;
  }

  #write(text: string): void {
    if (this.#waiting === undefined) this.#pipe?.send(text);
    else this.#waiting.push(text);
  }
}

/** Divides a text of a pipe. */
function parse(text: string): [sign: string, id: string, rest: string] {
  const end = text.indexOf(" ");
  const head = end < 0 ? text : text.slice(0, end);
  const [, sign = "", id = ""] = /^([+-]?)(.*)$/.exec(head) ?? [];
  return [sign, id, end < 0 ? "" : text.slice(end + 1)];
}

/** Returns the locks of the browser, where tabs can share a socket. */
export function sharedLocks(): Locks | undefined {
  const { navigator } = globalThis;
  const canShare = typeof BroadcastChannel === "function" &&
    "document" in globalThis && hasLocks(navigator);
  return canShare ? navigator.locks : undefined;
}

function hasLocks(value: object): value is { readonly locks: Locks } {
  return "locks" in value;
}
