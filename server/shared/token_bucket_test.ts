import { assertEquals } from "@std/assert";
import { TokenBucket, TokenBuckets } from "./token_bucket.ts";

const RATE = { perSecond: 2, capacity: 4 };

Deno.test("TokenBucket.take() takes a burst, then returns how long to wait", () => {
  const bucket = new TokenBucket(RATE, 0);
  assertEquals(bucket.take(0, 4), 0);
  assertEquals(bucket.take(0), 0.5);
  assertEquals(bucket.take(250), 0.25);
  assertEquals(bucket.take(500), 0);
  assertEquals(bucket.take(500, 4), 2);
});

Deno.test("TokenBucket.take() survives a clock that is set back", () => {
  const bucket = new TokenBucket(RATE, 10_000);
  assertEquals(bucket.take(10_000, 4), 0);
  assertEquals(bucket.take(0), 0.5);
  assertEquals(bucket.take(500), 0);
});

Deno.test("TokenBucket.take() without a limit always succeeds", () => {
  const rate = { perSecond: Infinity, capacity: Infinity };
  const bucket = new TokenBucket(rate, 0);
  assertEquals([bucket.take(0, 1e9), bucket.take(0), bucket.take(1)], [
    0,
    0,
    0,
  ]);
  assertEquals(bucket.isFull(1), true);
});

Deno.test("TokenBucket.charge() takes missing tokens, so that the next action waits", () => {
  const bucket = new TokenBucket(RATE, 0);
  bucket.charge(6);
  assertEquals(bucket.take(1_000), 0.5);
  assertEquals(bucket.take(1_500), 0);
});

Deno.test("TokenBuckets.take() keeps accounts apart", () => {
  const buckets = new TokenBuckets(RATE);
  assertEquals(buckets.take("ada", 0, 4), 0);
  assertEquals(buckets.take("ada", 0), 0.5);
  assertEquals(buckets.take("bob", 0), 0);
  assertEquals(buckets.take(undefined, 0, 4), 0);
  assertEquals(buckets.take(undefined, 500), 0);
});

Deno.test("TokenBuckets.take() still limits after a sweep of full buckets", () => {
  const buckets = new TokenBuckets(RATE);
  for (let account = 0; account < 1_100; account++) {
    buckets.take(String(account), 0, 4);
  }
  assertEquals(buckets.take("1099", 0), 0.5);
  assertEquals(buckets.take("new", 10_000), 0);
  assertEquals(buckets.take("0", 10_000, 4), 0);
});
