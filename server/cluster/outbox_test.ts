import { assertEquals } from "@std/assert";
import { Outbox, type PendingWrite } from "./outbox.ts";

const ROW = { context: "c", id: "1" };
const PUT: PendingWrite = { type: "put", ...ROW, at: 1 };
const RETRACT: PendingWrite = { type: "retract", ...ROW };
const WITHDRAW: PendingWrite = { type: "withdraw", ...ROW, at: 2 };

Deno.test("Outbox keeps the latest write of each row", () => {
  const outbox = new Outbox();
  outbox.add(RETRACT);
  outbox.add(PUT);
  outbox.add({ ...PUT, at: 3 });
  outbox.add({ ...PUT, id: "2" });
  assertEquals(outbox.size, 2);
  assertEquals(outbox.take(10), [{ ...PUT, at: 3 }, { ...PUT, id: "2" }]);
  assertEquals(outbox.size, 0);
});

Deno.test("Outbox retracts a written row, and withdraws one that may not be written and may be another node's", () => {
  const outbox = new Outbox();
  outbox.add(PUT);
  outbox.take(1);
  outbox.done();
  outbox.add(RETRACT);
  assertEquals(outbox.take(1), [RETRACT]);
  outbox.done();

  outbox.add(PUT);
  outbox.add(RETRACT);
  assertEquals(outbox.take(1), [{ ...WITHDRAW, at: 1 }], "it waited");
  outbox.done();

  outbox.add(PUT);
  outbox.take(1);
  outbox.add(RETRACT);
  outbox.failed();
  assertEquals(outbox.take(1), [{ ...WITHDRAW, at: 1 }], "it was on its way");
  outbox.done();

  outbox.add(WITHDRAW);
  outbox.add(RETRACT);
  assertEquals(outbox.take(1), [WITHDRAW], "it was another's");
});

Deno.test("Outbox.forget() removes a put that waits, and retracts one in progress", () => {
  const outbox = new Outbox();
  outbox.add(PUT);
  outbox.forget("c", "1");
  outbox.forget("c", "2");
  assertEquals(outbox.size, 0);
  outbox.add(WITHDRAW);
  outbox.forget("c", "1");
  assertEquals(outbox.take(1), [WITHDRAW], "that is still to be said");
  outbox.done();
  outbox.add(PUT);
  outbox.take(1);
  outbox.forget("c", "1");
  assertEquals(outbox.size, 1);
  outbox.done();
  assertEquals(outbox.take(1), [{ ...WITHDRAW, at: 1 }]);
});

Deno.test("Outbox.failed() puts failed writes back, unless a newer one waits", () => {
  const outbox = new Outbox();
  outbox.add(PUT);
  outbox.add({ ...PUT, id: "2" });
  assertEquals(outbox.take(1), [PUT]);
  outbox.add({ ...PUT, at: 5 });
  outbox.failed();
  assertEquals(outbox.take(10), [{ ...PUT, at: 5 }, { ...PUT, id: "2" }]);
  outbox.failed();
  assertEquals(outbox.size, 2);
});

Deno.test("Outbox.take() returns the puts first, of as many writes as it takes", () => {
  const outbox = new Outbox();
  for (const id of ["1", "2", "3"]) {
    outbox.add({ ...RETRACT, id });
    outbox.add({ ...PUT, id: `new ${id}` });
  }
  const taken = outbox.take(4).map(({ type, id }) => `${type} ${id}`);
  assertEquals(taken, ["put new 1", "put new 2", "retract 1", "retract 2"]);
  assertEquals(outbox.take(4), [{ ...PUT, id: "new 3" }, {
    ...RETRACT,
    id: "3",
  }]);
});

Deno.test("Outbox lets no removal overtake a put: a subject that only changes connections does not leave", () => {
  const SECOND: PendingWrite = { ...PUT, id: "2", at: 2 };
  const outbox = new Outbox();
  outbox.add(PUT);
  outbox.add(SECOND);
  outbox.add(RETRACT);
  assertEquals(
    outbox.take(10),
    [SECOND, { ...WITHDRAW, at: 1 }],
    "a removal of what waits",
  );
  outbox.done();

  outbox.add(RETRACT);
  outbox.add(SECOND);
  outbox.add(RETRACT);
  assertEquals(outbox.take(10), [SECOND, RETRACT], "a second removal");
  outbox.done();

  outbox.add(SECOND);
  outbox.add(RETRACT);
  outbox.add({ ...SECOND, at: 3 });
  assertEquals(
    outbox.take(10),
    [{ ...SECOND, at: 3 }, RETRACT],
    "a put that is put again",
  );

  outbox.add({ ...RETRACT, id: "3" });
  outbox.failed();
  assertEquals(
    outbox.take(10),
    [{ ...SECOND, at: 3 }, RETRACT, { ...RETRACT, id: "3" }],
    "what has failed",
  );

  outbox.add({ ...SECOND, at: 4 });
  outbox.failed();
  assertEquals(
    outbox.take(2),
    [{ ...SECOND, at: 4 }, RETRACT],
    "what has failed and is put again",
  );
});

Deno.test("Outbox.pending() returns whether and how a row is being written", () => {
  const outbox = new Outbox();
  const pending = () => outbox.pending("c", "1");
  assertEquals(pending(), undefined);
  for (const write of [PUT, WITHDRAW]) {
    outbox.add(write);
    assertEquals(pending(), write.type);
    outbox.take(1);
    assertEquals(pending(), write.type);
    outbox.done();
    assertEquals(pending(), undefined);
  }
  outbox.add(RETRACT);
  assertEquals(pending(), "retract");
  outbox.take(1);
  outbox.add(PUT);
  assertEquals(pending(), "put");
});
