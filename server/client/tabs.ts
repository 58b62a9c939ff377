import type { OpenWire, Wire, WireEvents } from "./wire.ts";

/** A message between tabs. Texts are as in a pipe, with numbers of the tab. */
type Note =
  /** From a tab to its leader. */
  | { readonly type: "ask"; readonly tab: string; readonly text: string }
  /** From the leader to a tab. */
  | { readonly type: "tell"; readonly tab: string; readonly text: string }
  /** Another tab leads. */
  | { readonly type: "lead" };

/** The locks of a browser, which its tabs share. */
interface Locks {
  request(
    name: string,
    options: { readonly signal: AbortSignal } | { readonly steal: true },
    hold: () => Promise<void>,
  ): Promise<unknown>;
}

/** A socket of this tab. */
interface Own {
  readonly protocols: string;
  readonly events: WireEvents;
  isOpen: boolean;
}

/** How long a leader may take to answer. */
const PATIENCE_MS = 2_000;

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
  readonly #channel: BroadcastChannel;
  readonly #own = new Map<string, Own>();
  readonly #over = new AbortController();
  readonly #releases = new Set<() => void>();
  #leader: Leader | undefined;
  #count = 0;
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** Makes a tab among those with the same URL. */
  constructor(locks: Locks, url: string, openPipe: OpenWire) {
    this.#locks = locks;
    this.#name = `ruthere ${url}`;
    this.#openPipe = openPipe;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#read(data);
    // While this tab lives, it holds a lock of its own.
    this.#hold(this.#lockOf(this.#tab), this.#over, () => this.#elect());
  }

  /** Opens a wire through the leader. */
  readonly open: OpenWire = (protocols, events) => {
    const id = String(++this.#count);
    const own = { protocols: protocols.join(", "), events, isOpen: false };
    this.#own.set(id, own);
    this.#open(id, own);
    return {
      send: (frame) => this.#ask(`${id} ${frame}`),
      close: () => {
        if (this.#own.delete(id)) this.#ask(`-${id}`);
      },
    };
  };

  /** Ends it with all its sockets. */
  close(): void {
    for (const id of this.#own.keys()) this.#ask(`-${id}`);
    this.#over.abort();
    clearTimeout(this.#patience);
    this.#leader?.end();
    for (const release of this.#releases) release();
    this.#channel.close();
  }

  #open(id: string, { protocols }: Own): void {
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
    if (!this.#over.signal.aborted) this.#channel.postMessage(note);
  }

  #read(note: Note): void {
    if (note.type === "lead") this.#follow();
    else if (note.type === "ask") this.#leader?.take(note.tab, note.text);
    else if (note.tab === this.#tab) this.#take(note.text);
  }

  /** Takes what the leader tells. */
  #take(text: string): void {
    clearTimeout(this.#patience);
    const [sign, id, rest] = parse(text);
    const own = this.#own.get(id);
    if (own === undefined) return;
    if (sign === "+") {
      own.isOpen = true;
      own.events.opened();
    } else if (sign === "-") {
      this.#own.delete(id);
      const [code = "", ...reason] = rest.split(" ");
      own.events.closed(Number(code), reason.join(" "));
    } else own.events.received(rest);
  }

  /** Opens what waits by a new leader. What the former one had is lost. */
  #renew(): void {
    for (const [id, own] of [...this.#own]) {
      if (own.isOpen) this.#take(`-${id} ${LOST}`);
      else this.#open(id, own);
    }
  }

  #follow(): void {
    this.#leader?.end();
    this.#leader = undefined;
    this.#renew();
  }

  /** Waits to be the leader, or becomes it in place of a frozen one. */
  #elect(steal = false): void {
    const options = steal ? { steal } as const : this.#over;
    this.#hold(this.#name, options, () => {
      this.#leader = new Leader({
        openPipe: this.#openPipe,
        tell: (tab, text) => {
          if (tab === this.#tab) this.#take(text);
          else this.#post({ type: "tell", tab, text });
        },
        outlive: (tab, ended, onGone) => {
          if (tab === this.#tab) return;
          this.#hold(this.#lockOf(tab), ended, (release) => {
            release();
            onGone();
          });
        },
      });
      this.#post({ type: "lead" });
      this.#renew();
    }, () => {
      // This tab was frozen, and another one leads.
      this.#follow();
      this.#elect();
    });
  }

  /** Holds a lock until it is released, or stolen. */
  #hold(
    name: string,
    options: { readonly signal: AbortSignal } | { readonly steal: true },
    onHeld: (release: () => void) => void,
    onStolen: () => void = () => {},
  ): void {
    const { signal: over } = this.#over;
    let isHeld = false;
    const hold = () =>
      new Promise<void>((resolve) => {
        isHeld = !over.aborted;
        if (!isHeld) return resolve();
        this.#releases.add(resolve);
        onHeld(resolve);
      });
    const wanted = "steal" in options ? options : { signal: options.signal };
    this.#locks.request(name, wanted, hold).catch(() => {
      if (isHeld && !over.aborted) onStolen();
    });
  }

  #lockOf(tab: string): string {
    return `${this.#name} ${tab}`;
  }
}

/** What a leader needs of its tab. */
interface LeaderHost {
  readonly openPipe: OpenWire;
  tell(tab: string, text: string): void;
  /** Calls back when another tab is gone. */
  outlive(tab: string, ended: AbortController, onGone: () => void): void;
}

/** Has the pipe for all tabs. */
class Leader {
  readonly #host: LeaderHost;
  readonly #ended = new AbortController();
  /** The sockets of each tab: their numbers in the pipe by those of the tab. */
  readonly #tabs = new Map<string, Map<string, string>>();
  /** The same, the other way round. */
  readonly #sockets = new Map<string, { tab: string; id: string }>();
  /** What waits until the pipe is open. */
  #waiting: string[] | undefined;
  #pipe: Wire | undefined;
  #count = 0;

  constructor(host: LeaderHost) {
    this.#host = host;
  }

  /** Takes what a tab asks for. */
  take(tab: string, text: string): void {
    const [sign, id, rest] = parse(text);
    const known = this.#tabs.get(tab)?.get(id);
    if (sign === "+") {
      // It lives, even if the service takes its time.
      this.#host.tell(tab, "");
      // A tab may ask twice, if it is not sure who leads.
      if (known === undefined) this.#open(tab, id, rest);
    } else if (known !== undefined) {
      this.#write(`${sign}${known} ${rest}`);
      if (sign === "-") this.#forget(known);
    }
  }

  /** Closes the pipe, and tells nobody: another tab leads. */
  end(): void {
    this.#ended.abort();
    this.#sockets.clear();
    this.#pipe?.close();
  }

  #open(tab: string, id: string, protocols: string): void {
    const number = String(++this.#count);
    this.#sockets.set(number, { tab, id });
    const ids = this.#tabs.get(tab) ?? new Map();
    if (!this.#tabs.has(tab)) {
      this.#tabs.set(tab, ids);
      this.#host.outlive(tab, this.#ended, () => {
        for (const id of [...ids.keys()]) this.take(tab, `-${id}`);
        this.#tabs.delete(tab);
      });
    }
    ids.set(id, number);
    this.#pipe ??= this.#connect(protocols);
    this.#write(`+${number} ${protocols}`);
  }

  #connect(protocols: string): Wire {
    this.#waiting = [];
    const pipe = this.#host.openPipe(
      protocols === "" ? [] : protocols.split(", "),
      {
        opened: () => {
          const waiting = this.#waiting ?? [];
          this.#waiting = undefined;
          for (const text of waiting) pipe.send(text);
        },
        received: (text) => {
          const [sign, number, rest] = parse(text);
          const socket = this.#sockets.get(number);
          if (socket === undefined) return;
          if (sign === "-") this.#forget(number);
          this.#host.tell(socket.tab, `${sign}${socket.id} ${rest}`);
        },
        closed: (code, reason) => {
          this.#pipe = undefined;
          for (const [number, { tab, id }] of [...this.#sockets]) {
            this.#forget(number);
            this.#host.tell(tab, `-${id} ${code} ${reason}`);
          }
        },
      },
    );
    return pipe;
  }

  #forget(number: string): void {
    const socket = this.#sockets.get(number);
    this.#sockets.delete(number);
    if (socket !== undefined) this.#tabs.get(socket.tab)?.delete(socket.id);
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
