import type { RoomStatus } from "../../../client/mod.ts";
import { find, made, show } from "../people/dom.ts";

type Status = RoomStatus["type"];

/** How long to show news that need no action. */
const SHORT_NEWS_MS = 5_000;

/** How many announcements to keep for people who read them again. */
const MOST_ANNOUNCED = 30;

const WORDS: Partial<Record<Status, string>> = {
  live: "Live",
  reconnecting: "Offline",
  refused: "Refused",
};

const LOST = "Connection lost. What you see is how it was; trying to get back…";

/** What the page says about its connection, and who joins and leaves. */
export class Notices {
  #banner = find("#banner", HTMLElement);
  #log = find("#log", HTMLElement);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = "";

  /**
   * Says how the connection is, once for each change. A proviso is shown as long as
   * it is so.
   */
  connection(status: Status, proviso = "") {
    const { dataset } = document.body;
    const shown = status + proviso;
    if (shown === this.#shown) return;
    this.#shown = shown;
    const isBack = status === "live" && dataset.link !== "connecting";
    const news = isBack ? "Connected again." : "";
    dataset.link = status;
    show(find("#link", HTMLElement), WORDS[status] ?? "Connecting");
    this.#say(
      proviso || (status === "reconnecting" ? LOST : news),
      status === "live" ? "good" : "bad",
    );
    if (proviso === "" && isBack) this.#forgetLater();
  }

  /** Says why a change was not taken. */
  declined(reason: string) {
    this.#say(`Your change was not taken: ${reason}.`, "bad");
    this.#forgetLater();
  }

  /** Announces to screen readers what happened. */
  announce(sentence: string) {
    this.#log.append(made("p", sentence));
    if (this.#log.childElementCount > MOST_ANNOUNCED) {
      this.#log.firstElementChild?.remove();
    }
  }

  #say(text: string, tone: "good" | "bad") {
    clearTimeout(this.#timer);
    this.#banner.dataset.tone = tone;
    show(this.#banner, text);
  }

  #forgetLater() {
    this.#timer = setTimeout(() => show(this.#banner, ""), SHORT_NEWS_MS);
  }
}
