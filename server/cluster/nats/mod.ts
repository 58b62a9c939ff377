/**
 * A backbone of a cluster on a key-value bucket of NATS JetStream.
 *
 * @module
 */

export {
  BucketUnfitError,
  ContendedError,
  JetStreamOffError,
  NatsAwayError,
  NatsBackboneClosedError,
  NatsClosedError,
  TooLargeError,
} from "./errors.ts";
export { NatsBackbone, type NatsBackboneOptions } from "./nats_backbone.ts";
