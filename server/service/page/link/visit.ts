import { steadyNow } from "../../../../core/mod.ts";
import { LiveClient } from "../../../client/live_client.ts";
import type { LiveModel, Room } from "../../../client/mod.ts";
import { Attendance } from "../people/attendance.ts";
import { find } from "../people/dom.ts";
import { inOrder, type Person, showHeadline } from "../people/people_list.ts";
import {
  itemOf,
  loadProfile,
  namelessName,
  type Profile,
  saveProfile,
  type Store,
  storeOf,
} from "../people/profile.ts";
import { Notices } from "./notices.ts";
import { type Kind, nameIn, offerTries, topicOf } from "./rooms.ts";
import { refusalOf, type Token, tokenOfTab } from "./token.ts";

/** The client tells changes this often at most, in a hidden tab too. */
const FRAME_MS = 16;

/** How often to look again: what is shown depends on the time too. */
const AGAIN_MS = 5_000;

const ONLY_READING =
  "Your token lets you only read here: the others don't see you.";

/** A reader cannot ask for the text, as that is a broadcast. */
const ONLY_READING_TEXT =
  `${ONLY_READING} You see the text from its next change on.`;

/** A visit to a room or a document: oneself, and who else is here. */
export class Visit<M extends LiveModel, P extends Person> {
  readonly attendance = new Attendance<P>();
  readonly notices = new Notices();
  readonly tabStore: Store = storeOf(() => sessionStorage);
  readonly client: LiveClient<M>;
  readonly topic: string;
  readonly nameless: string;
  profile: Profile;
  readonly #kind: Kind;
  readonly #title: string;
  readonly #token: Token | undefined;
  readonly #store: Store;
  readonly #isGuest: boolean;

  /** Begins it. Without a title, that of the page is the topic. */
  constructor(kind: Kind, title?: string) {
    const parameters = new URLSearchParams(location.search);
    const name = nameIn(kind, parameters);
    const token = tokenOfTab(this.tabStore);
    this.#kind = kind;
    this.#token = token;
    this.topic = topicOf(kind, name);
    this.#title = title ?? this.topic;
    // For people with one browser, a tab can be a person of its own.
    this.#isGuest = parameters.has("guest");
    this.#store = this.#isGuest ? this.tabStore : storeOf(() => localStorage);
    this.profile = loadProfile(this.#store, token);
    this.nameless = namelessName(this.profile.key, token);
    this.client = new LiveClient({
      url: location.origin,
      token: token && (() => token.text),
      subject: this.profile.key,
      schedule: (run) => setTimeout(run, FRAME_MS),
      onError: (error) => {
        this.notices.declined(
          error instanceof Error ? error.message : "unknown",
        );
      },
    });
    offerTries(kind, name, token);
  }

  /** Shows a room and who is in it, now and after each change. */
  follow<O>(
    room: Room<O, { readonly id: string }>,
    read: (person: O) => P,
    show: (people: readonly P[], isLive: boolean) => void,
  ) {
    const update = () => {
      const { status, mayWrite, me, others } = room.state.get();
      const isLive = status.type === "live";
      const refusal = status.type === "refused"
        ? refusalOf(status.reason, this.topic, this.#token)
        : undefined;
      const reading = this.#kind === "room" ? ONLY_READING : ONLY_READING_TEXT;
      this.notices.connection(status.type, mayWrite ? refusal : reading);
      if (refusal !== undefined) {
        find("#headline", HTMLElement).textContent = "You are not let in.";
      } else if (isLive || this.attendance.people !== undefined) {
        const self = room.person(me.id).get();
        const own = { you: true, invisible: this.profile.invisible };
        this.#update([
          ...self === undefined ? [] : [{ ...read(self), ...own }],
          ...others.map(read),
        ]);
      }
      show(this.people, isLive);
    };
    room.state.subscribe(update);
    setInterval(update, AGAIN_MS);
  }

  /** Everybody to show, in order. */
  get people(): readonly P[] {
    return (this.attendance.people ?? []).toSorted(inOrder);
  }

  /** Saves what the person says of themselves, for all their tabs. */
  saveProfile(changes: Partial<Omit<Profile, "key">>) {
    this.profile = { ...this.profile, ...changes };
    saveProfile(this.#store, this.profile, this.#token);
  }

  /** Calls a listener after another tab of the person has changed the profile. */
  onProfile(listener: () => void) {
    globalThis.addEventListener("storage", (event) => {
      if (!(event instanceof StorageEvent) || this.#isGuest) return;
      if (event.key !== itemOf(this.#token)) return;
      const { key } = this.profile;
      this.profile = { ...loadProfile(this.#store, this.#token), key };
      listener();
    });
  }

  #update(here: readonly P[]) {
    const { attendance, notices } = this;
    const { joined, left } = attendance.update(here, steadyNow());
    for (const { name } of joined) notices.announce(`${name} has joined.`);
    for (const { name } of left) notices.announce(`${name} has left.`);
    const { people } = this;
    showHeadline(find("#headline", HTMLElement), people);
    document.title = `(${people.length}) ${this.#title} · ruthere`;
  }
}
