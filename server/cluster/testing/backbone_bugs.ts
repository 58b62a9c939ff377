import type {
  BackboneConnection,
  NodeLife,
  RowWrite,
  Written,
} from "../backbone.ts";
import type { Break, Bug } from "./broken_backbone.ts";

/** Replaces writes. */
function writing(alter: (write: RowWrite) => RowWrite): Break {
  return (real) => ({
    write: (life, writes) => real.write(life, writes.map(alter)),
  });
}

/** Replaces the answers to writes. */
function answering(alter: (written: Written) => Written): Break {
  return (real) => ({
    write: async (life, writes) => (await real.write(life, writes)).map(alter),
  });
}

/** Replaces the purge of a context, and no other purge. */
function purgingContexts(
  purge: (
    real: BackboneConnection,
    life: NodeLife,
    context: string,
  ) => unknown,
): Break {
  return (real) => ({
    async purge(life, context) {
      if (context === undefined) return real.purge(life);
      await purge(real, life, context);
      return true;
    },
  });
}

/** The bugs by description. */
export const BUGS: Readonly<Record<string, Bug>> = {
  "acquire() does not notify others": {
    case: "acquire() begins a life and notifies others of its lease",
    tells: () => ({ onLease() {} }),
  },
  "acquire() ends the life itself": {
    case: "acquire() again, as after a lost answer, keeps the life",
    does: (real) => ({
      async acquire(lease) {
        const [kept] = await real.leases(lease.node);
        const count = kept?.count ?? 0;
        await real.end(lease, count);
        return real.acquire(lease);
      },
    }),
  },
  "acquire() does not notify of the former life's end": {
    case: "acquire() ends the former life of the node",
    tells: () => ({ onEnded() {} }),
  },
  "renew() loses what was written": {
    case: "renew() keeps the lease and notifies others of its news",
    does: (real) => ({
      renew: (lease) => real.renew({ ...lease, written: [] }),
    }),
  },
  "renew() notifies twice": {
    case: "renew() keeps the lease and notifies others of its news",
    tells: (listener) => ({
      onLease(lease) {
        listener.onLease(lease);
        listener.onLease(lease);
      },
    }),
  },
  "renew() brings a life back": {
    case: "renew() does not keep a life that is over",
    does: (real) => ({
      async renew(lease) {
        const renewal = await real.renew(lease);
        if (!renewal.isKept) await real.acquire(lease);
        return { ...renewal, isKept: true };
      },
    }),
  },
  "renew() names no life to be purged": {
    case: "renew() names a life that is over until it is purged",
    does: (real) => ({
      renew: async (lease) => ({ ...await real.renew(lease), unpurged: [] }),
    }),
  },
  "renew() keeps the memory after all is forgotten": {
    case: "renew() does not keep a forgotten lease, nor are its rows there",
    does: (real) => {
      let first: string | undefined;
      return {
        acquire: async (lease) => first ??= await real.acquire(lease),
        async renew(lease) {
          const renewal = await real.renew(lease);
          return { ...renewal, memory: first ?? renewal.memory };
        },
      };
    },
  },
  "leases() of a node is always young": {
    case: "leases() returns how long ago each was renewed",
    does: (real) => ({
      async leases(node) {
        const leases = await real.leases(node);
        return node === undefined
          ? leases
          : leases.map((lease) => ({ ...lease, age: 0 }));
      },
    }),
  },
  "leases() of a node has a negative age": {
    case: "leases() returns how long ago each was renewed",
    does: (real) => ({
      async leases(node) {
        const leases = await real.leases(node);
        return node === undefined
          ? leases
          : leases.map((lease) => ({ ...lease, age: lease.age - 1 }));
      },
    }),
  },
  "leases() ignores case": {
    case: "leases() of an unknown node returns nothing",
    does: (real) => ({ leases: (node) => real.leases(node?.toLowerCase()) }),
  },
  "leases() ignores the node": {
    case: "leases() of an unknown node returns nothing",
    does: (real) => ({ leases: () => real.leases() }),
  },
  "end() says yes to every call": {
    case: "end() by several nodes at once is done by one",
    does: (real) => ({
      async end(life, count) {
        await real.end(life, count);
        return true;
      },
    }),
  },
  "end() ignores the count": {
    case: "end() does not end a life that was renewed meanwhile",
    does: (real) => ({
      async end(life) {
        const [kept] = await real.leases(life.node);
        return real.end(life, kept?.count ?? 0);
      },
    }),
  },
  "end() ignores the epoch": {
    case: "end() does not end another life, or one that does not exist",
    does: (real) => ({
      async end(life, count) {
        const [kept] = await real.leases(life.node);
        return real.end(kept ?? life, count);
      },
    }),
  },
  "purge() leaves everything": {
    case: "purge() removes the rows of a life and notifies nobody",
    does: () => ({ purge: () => Promise.resolve(true) }),
  },
  "purge() thinks that one step is all": {
    case: "purge() removes thousands of rows in steps",
    does: (real) => ({
      async purge(life, context) {
        await real.purge(life, context);
        return true;
      },
    }),
  },
  "purge() never ends": {
    case: "purge() by two nodes at once, and again, does no harm",
    does: (real) => ({
      async purge(life, context) {
        await real.purge(life, context);
        return false;
      },
    }),
  },
  "purge() of a context leaves everything": {
    case:
      "purge() of a context removes the rows of a life from it and notifies nobody",
    does: purgingContexts(() => {}),
  },
  "purge() of a context purges everywhere": {
    case:
      "purge() of a context removes the rows of a life from it and notifies nobody",
    does: purgingContexts((real, life) => real.purge(life)),
  },
  "purge() of a context purges a life that has its lease": {
    case: "purge() leaves the rows of a life that has its lease",
    does: purgingContexts(async (real, life, context) => {
      const [lease] = await real.leases(life.node);
      if (lease !== undefined) await real.end(lease, lease.count);
      await real.purge(life, context);
      if (lease !== undefined) await real.acquire(lease);
    }),
  },
  "purge() purges a life that has its lease": {
    case: "purge() leaves the rows of a life that has its lease",
    does: (real) => ({
      async purge(life, context) {
        if (context !== undefined) return real.purge(life, context);
        const [lease] = await real.leases(life.node);
        if (lease !== undefined) await real.end(lease, lease.count);
        const isAll = await real.purge(life);
        if (lease !== undefined) await real.acquire(lease);
        return isAll;
      },
    }),
  },
  "purge() of a context notifies": {
    case:
      "purge() of a context removes the rows of a life from it and notifies nobody",
    does: purgingContexts(async (real, life, context) => {
      const { rows } = await real.read(context);
      const writes = rows.map(({ id }) => (
        { type: "retract", context, id } as const
      ));
      await real.write(life, writes);
    }),
  },
  "write() allows every put": {
    case: "write() of another node is refused if it is older",
    does: writing((write) =>
      write.type === "put" ? { ...write, age: 0 } : write
    ),
  },
  "write() allows every withdrawal": {
    case: "write() of another life of the same node is refused if it is older",
    does: writing((write) =>
      write.type === "withdraw" ? { ...write, age: 0 } : write
    ),
  },
  "write() allows every retraction": {
    case: "write() of another node is refused if it is older",
    does: writing((write) =>
      write.type === "retract" ? { ...write, type: "withdraw", age: 0 } : write
    ),
  },
  "write() refuses every withdrawal of another life": {
    case: "write() of another node is refused if it is older",
    does: writing((write) =>
      write.type === "withdraw" ? { ...write, type: "retract" } : write
    ),
  },
  "write() refuses one of the same age": {
    case: "write() of the same age is done later",
    does: (real, node) => ({
      write: (life, writes) =>
        real.write(
          life,
          writes.map((write) =>
            node === "b" && write.type !== "retract"
              ? { ...write, age: write.age + 1_000 }
              : write
          ),
        ),
    }),
  },
  "write() takes all lives of a node for one": {
    case: "write() of another life of the same node is refused if it is older",
    does: (real, node) => ({
      write: (_life, writes) => real.write({ node, epoch: "one" }, writes),
    }),
  },
  "write() says that every write is done": {
    case: "write() removes no row that does not exist",
    does: answering((written) => ({ ...written, isDone: true })),
  },
  "write() returns no revision when it refuses": {
    case: "write() of another node is refused if it is older",
    does: answering((written) =>
      written.isDone ? written : { ...written, revision: 0 }
    ),
  },
  "write() forgets the revision of an empty context": {
    case: "write() makes revisions grow, also while a context is empty",
    does: (real) => ({
      async write(life, writes) {
        const written = await real.write(life, writes);
        const { rows } = await real.read(writes[0]?.context ?? "");
        return written.map(({ isDone, revision }) => (
          { isDone, revision: isDone || rows.length > 0 ? revision : 0 }
        ));
      },
    }),
  },
  "write() does a batch backwards": {
    case: "write() does the writes of a batch in order",
    does: (real) => ({
      write: async (life, writes) =>
        [...await real.write(life, [...writes].reverse())].reverse(),
    }),
  },
  "write() does not do all of a large batch": {
    case: "write() of hundreds of rows in many contexts",
    does: (real) => ({
      write: (life, writes) => real.write(life, writes.slice(0, 128)),
    }),
  },
  "write() is overtaken by a later one": {
    case: "read() and write() are done in the order of their calls",
    does: (real) => {
      let calls = 0;
      return {
        async write(life, writes) {
          for (let wait = calls++ % 2 * 10; wait > 0; wait--) await null;
          return await real.write(life, writes);
        },
      };
    },
  },
  "write() cuts large values": {
    case: "write() and follow() take large values",
    does: writing((write) =>
      write.type === "put"
        ? { ...write, value: write.value.slice(0, 16_384) }
        : write
    ),
  },
  "write() takes contexts that differ in case for one": {
    case: "write() and read() distinguish all contexts",
    does: (real) => ({
      read: (context) => real.read(context.toLowerCase()),
      write: (life, writes) =>
        real.write(
          life,
          writes.map((write) => (
            { ...write, context: write.context.toLowerCase() }
          )),
        ),
    }),
  },
  "write() cuts long ids": {
    case: "write() and read() distinguish all ids and values",
    does: writing((write) => ({ ...write, id: write.id.slice(0, 255) })),
  },
  "write() normalises values": {
    case: "write() and read() distinguish all ids and values",
    does: writing((write) =>
      write.type === "put"
        ? { ...write, value: write.value.normalize("NFC") }
        : write
    ),
  },
  "read() is late": {
    case: "read() sees every acknowledged write, whatever the writer",
    does: (real) => {
      const former = new Map<string, ReturnType<typeof real.read>>();
      return {
        read(context) {
          const now = real.read(context);
          const late = former.get(context) ?? now;
          former.set(context, now);
          return late;
        },
      };
    },
  },
  "read() has another memory": {
    case: "renew() and all other calls return one memory",
    does: (real) => ({
      read: async (context) => (
        { ...await real.read(context), memory: "another" }
      ),
    }),
  },
  "read() has an older revision": {
    case: "read() sees every acknowledged write, whatever the writer",
    does: (real) => ({
      read: async (context) => ({ ...await real.read(context), revision: 0 }),
    }),
  },
  "read() says that all rows are young": {
    case: "read() returns how long ago an owner heard from the publisher",
    does: (real) => ({
      async read(context) {
        const read = await real.read(context);
        return { ...read, rows: read.rows.map((row) => ({ ...row, age: 0 })) };
      },
    }),
  },
  "follow() delivers out of order": {
    case: "follow() delivers all later changes in order",
    tells: (listener) => {
      let calls = 0;
      return {
        async onChange(change) {
          for (let wait = calls++ % 3 * 50; wait > 0; wait--) await null;
          listener.onChange(change);
        },
      };
    },
  },
  "follow() loses a change": {
    case: "follow() and read() mirror a context with several writers",
    tells: (listener) => {
      let calls = 0;
      return {
        onChange(change) {
          if (++calls !== 7) listener.onChange(change);
        },
      };
    },
  },
  "follow() delivers a change twice": {
    case: "follow() twice delivers everything once",
    tells: (listener) => ({
      onChange(change) {
        listener.onChange(change);
        listener.onChange(change);
      },
    }),
  },
  "follow() does not deliver to the writer": {
    case: "follow() delivers a change to its writer as well",
    tells: (listener, node) => ({
      onChange(told) {
        const { change } = told;
        if (change.type === "put" && change.row.node === node) return;
        listener.onChange(told);
      },
    }),
  },
  "follow() chains changes of other contexts": {
    case: "follow() delivers all later changes in order",
    tells: (listener) => ({
      onChange: (change) =>
        listener.onChange({ ...change, previous: change.revision - 1 }),
    }),
  },
  "follow() delivers another revision than the write": {
    case: "follow() delivers the owner and the revision of a row",
    tells: (listener) => ({
      onChange: (change) =>
        listener.onChange({ ...change, revision: change.revision + 1_000 }),
    }),
  },
  "follow() resolves too early": {
    case: "follow() delivers all later changes in order",
    does: (real) => ({
      follow(context) {
        (async () => {
          for (let wait = 20; wait > 0; wait--) await null;
          await real.follow(context);
        })();
        return Promise.resolve();
      },
    }),
  },
  "unfollow() does nothing": {
    case: "unfollow() stops deliveries at once",
    does: () => ({ unfollow() {} }),
  },
  "unfollow() is done after a later follow()": {
    case: "follow() after unfollow() delivers again",
    does: (real) => ({
      async unfollow(context) {
        for (let wait = 20; wait > 0; wait--) await null;
        real.unfollow(context);
      },
    }),
  },
  "send() delivers a text to its sender": {
    case: "send() delivers a text to all other followers",
    does: (real, node, listener) => ({
      send(context, text) {
        real.send(context, text);
        listener.onMessage(context, node, text);
      },
    }),
  },
  "send() delivers a text to followers of a context of all": {
    case: "send() delivers nothing to followers of other contexts",
    does: (real) => ({
      send(context, text) {
        real.send(context, text);
        real.send('"all"', text);
      },
    }),
  },
  "send() loses empty texts": {
    case: "send() delivers any text, to a context of any name",
    does: (real) => ({
      send(context, text) {
        if (text !== "") real.send(context, text);
      },
    }),
  },
  "send() delivers a text to followers of another context": {
    case: "send() delivers a text to followers until they unfollow",
    does: (real) => ({
      send(context, text) {
        real.send(context, text);
        real.send('"doc-2"', text);
      },
    }),
  },
  "close() ends the lease": {
    case: "close() leaves the lease and the rows, and stops deliveries",
    does: (real, node) => ({
      async close() {
        const [lease] = await real.leases(node).catch(() => []);
        if (lease !== undefined) await real.end(lease, lease.count);
        await real.close();
      },
    }),
  },
  "close() does nothing": {
    case: "close() makes every later call fail",
    does: () => ({ close: () => Promise.resolve() }),
  },
};
