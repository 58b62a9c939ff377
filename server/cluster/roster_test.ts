import { assertEquals } from "@std/assert";
import type { KeptLease, Lease } from "./backbone.ts";
import { Roster } from "./roster.ts";
import { Session } from "./session.ts";

const LEASE_TTL = 300;

class Fixture {
  now = 1_000;
  readonly session = new Session("here", {}, () => this.now);
  readonly roster = new Roster(this.session, LEASE_TTL);

  /** Applies a lease: as a renewal, or as a kept one with an age. */
  take(epoch: string, count: number, age?: number, asked = this.roster.ends) {
    const lease: Lease = {
      node: "there",
      epoch,
      count,
      announced: "",
      written: [],
    };
    const kept: Lease | KeptLease = age === undefined
      ? lease
      : { ...lease, age };
    return this.roster.take(kept, asked);
  }

  end(epoch: string): void {
    this.roster.end({ node: "there", epoch });
  }

  get names(): string[] {
    return this.roster.names();
  }
}

Deno.test("Roster takes renewals in order, and detects missed ones", () => {
  const fixture = new Fixture();
  assertEquals(fixture.take("1", 1, 0), "renewed");
  assertEquals(fixture.take("1", 2), "renewed");
  assertEquals(fixture.take("1", 2), "none");
  assertEquals(fixture.take("1", 1), "none");
  assertEquals(fixture.take("1", 4), "missed");
  assertEquals([...fixture.roster.nodes.current], ["here", "there"]);
});

Deno.test("Roster reports missed renewals of a life that it did not know", () => {
  const fixture = new Fixture();
  assertEquals(fixture.take("1", 2, 0), "renewed", "the first names nothing");
  assertEquals(new Fixture().take("1", 3, 0), "missed");
});

Deno.test("Roster reports missed renewals when a life replaces another one", () => {
  const fixture = new Fixture();
  fixture.take("1", 5, 0);
  assertEquals(fixture.take("2", 1, 0), "missed");
  const { roster } = fixture;
  assertEquals(roster.lives({ node: "there", epoch: "1" }), false);
  assertEquals(roster.lives({ node: "there", epoch: "2" }), true);
  assertEquals([roster.joined, roster.left], [1, 0]);
});

Deno.test("Roster ignores an old lease until it is renewed", () => {
  const fixture = new Fixture();
  assertEquals(fixture.take("1", 5, LEASE_TTL), "none");
  assertEquals(fixture.names, []);
  assertEquals(fixture.take("1", 6), "missed");
  assertEquals(fixture.names, ["there"]);
});

Deno.test("Roster ignores an answer that is older than the end of a life", () => {
  const fixture = new Fixture();
  fixture.take("1", 5, 0);
  const asked = fixture.roster.ends;
  fixture.end("1");
  fixture.take("2", 1, 0);
  assertEquals(fixture.take("1", 6, 0, asked), "none");
  assertEquals(fixture.roster.leaseOf("there")?.epoch, "2");
});

Deno.test("Roster accepts a life that a replica has brought back once it renews", () => {
  const fixture = new Fixture();
  fixture.take("1", 5, 0);
  fixture.end("1");
  assertEquals(fixture.names, []);
  assertEquals(fixture.take("1", 5, 0), "none");
  assertEquals(fixture.names, []);
  assertEquals(fixture.take("1", 6), "missed");
  assertEquals(fixture.names, ["there"]);
});

Deno.test("Roster ignores former lives of its own server", () => {
  const fixture = new Fixture();
  const { session, roster } = fixture;
  session.lease.beginLife();
  const former = session.lease.next();
  session.rename();
  assertEquals(roster.take({ ...former, count: 2 }, roster.ends), "none");
  assertEquals(fixture.names, []);
});

Deno.test("Roster.silences() counts only the time since the node was connected", () => {
  const fixture = new Fixture();
  fixture.take("1", 1, 0);
  fixture.now += 100;
  assertEquals(fixture.roster.silences(), [["there", 0]]);
  fixture.session.connected();
  fixture.now += 50;
  assertEquals(fixture.roster.silences(), [["there", 50]]);
  fixture.take("1", 2);
  assertEquals(fixture.roster.silences(), [["there", 0]]);
});

Deno.test("Roster.spare() spares a silent node once, until it renews", () => {
  const fixture = new Fixture();
  fixture.session.connected();
  fixture.take("1", 1, 0);
  fixture.now += LEASE_TTL;
  const spared = () => fixture.roster.spare("there", 100);
  assertEquals([spared(), spared()], [true, false]);
  assertEquals(fixture.roster.silences(), [["there", 100]]);
  fixture.take("1", 2);
  assertEquals(spared(), true);
});
