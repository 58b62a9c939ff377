import { ensureSame, until } from "./assertions.ts";
import { type Cases, CONTEXT, OTHER, type Party } from "./lab.ts";

/** A context that all nodes follow. */
const ALL = '"all"';

/** Returns the name of a context that one node follows. */
function onlyOf(node: string): string {
  return JSON.stringify(["only", node]);
}

/** Makes each node follow the context of all and its own. */
async function listen(...parties: readonly Party[]): Promise<void> {
  for (const { connection, node } of parties) {
    await connection.follow(ALL);
    await connection.follow(onlyOf(node));
  }
}

/** Sends a text until it arrives, because one may be lost. */
async function sendUntilReceived(
  from: Party,
  text: string,
  receivers: readonly Party[],
  context = ALL,
): Promise<void> {
  await until(() => {
    const isReceived = receivers.every(({ texts }) =>
      texts.some(([to, node, received]) =>
        to === context && node === from.node && received === text
      )
    );
    if (!isReceived) from.connection.send(context, text);
    return isReceived;
  }, `${JSON.stringify(text)} is received`);
}

function textsOf({ texts }: Party): string[] {
  return [...new Set(texts.map(([_to, from, text]) => `${from}: ${text}`))];
}

/** Cases about texts. */
export const MESSAGE_CASES: Cases = {
  "send() delivers a text to all other followers": async (lab) => {
    const [a, b] = await lab.pair();
    const c = await lab.connect("c");
    await listen(a, b, c);
    await sendUntilReceived(a, "hello", [b, c]);
    await sendUntilReceived(b, "hi", [a, c]);
    ensureSame(textsOf(a), ["b: hi"], "its sender does not receive it");
    ensureSame(textsOf(b), ["a: hello"], "its sender does not receive it");
    ensureSame(textsOf(c), ["a: hello", "b: hi"], "others receive it");
  },

  "send() delivers nothing to followers of other contexts": async (lab) => {
    const [a, b] = await lab.pair();
    const c = await lab.join("c");
    await listen(a, b, c);
    await sendUntilReceived(a, "for b", [b], onlyOf("b"));
    a.connection.send(onlyOf("d"), "for nobody");
    await sendUntilReceived(a, "for all", [b, c]);
    ensureSame(textsOf(b), ["a: for b", "a: for all"], "b receives its own");
    ensureSame(textsOf(c), ["a: for all"], "c does not receive it");
  },

  "send() works between two connections of one process": async (lab) => {
    const backbone = await lab.open();
    const a = await lab.join("a", backbone);
    const b = await lab.join("b", backbone);
    const c = await lab.join("c");
    await listen(a, b, c);
    await sendUntilReceived(a, "for b", [b], onlyOf("b"));
    await sendUntilReceived(b, "for a", [a], onlyOf("a"));
    await sendUntilReceived(c, "for all", [a, b]);
    ensureSame(textsOf(a), ["b: for a", "c: for all"], "a receives its own");
    ensureSame(textsOf(b), ["a: for b", "c: for all"], "b receives its own");
    await b.connection.close();
    await sendUntilReceived(c, "for a alone", [a]);
    ensureSame(textsOf(b), ["a: for b", "c: for all"], "b receives no more");
  },

  "send() delivers any text, to a context of any name": async (lab) => {
    const odd = await lab.join("a.* > {b} ☃");
    const b = await lab.join("b");
    await listen(odd, b);
    for (const text of ["", "☃\n\u0000", "x".repeat(65_536)]) {
      await sendUntilReceived(b, text, [odd], onlyOf(odd.node));
      await sendUntilReceived(odd, text, [b], onlyOf("b"));
    }
  },

  "send() delivers a text to followers until they unfollow": async (lab) => {
    const [a, b] = await lab.pair();
    const c = await lab.join("c");
    for (const { connection } of [a, b]) await connection.follow(CONTEXT);
    await c.connection.follow(OTHER);
    const odd = '"a.* > {b} ☃"';
    await b.connection.follow(odd);
    await until(() => {
      a.connection.send(CONTEXT, "hello\n☃");
      c.connection.send(odd, "");
      return new Set(b.texts.map(([context]) => context)).size === 2;
    }, "b receives both texts");
    const received = new Set(b.texts.map((text) => JSON.stringify(text)));
    const expected = [[CONTEXT, "a", "hello\n☃"], [odd, "c", ""]]
      .map((text) => JSON.stringify(text));
    ensureSame([...received].sort(), expected.sort(), "b receives the texts");
    b.connection.unfollow(CONTEXT);
    // A repeated text may still arrive.
    const here = () => b.texts.filter(([context]) => context === CONTEXT);
    const before = here().length;
    await until(() => {
      b.connection.send(CONTEXT, "by b");
      return a.texts.length > 0;
    }, "a receives a text");
    ensureSame(
      a.texts[0],
      [CONTEXT, "b", "by b"],
      "a receives what b has sent",
    );
    ensureSame(here().slice(before), [], "b receives no more, nor its own");
    ensureSame(c.texts, [], "a follower of another context receives nothing");
    ensureSame(b.changes, [], "a text is no change");
  },
};
