import type { Msg, NatsConnection, Subscription } from "@nats-io/nats-core";

/** Told of what should not happen. */
export type OnError = (error: unknown) => void;

/** What is told of errors, so that it throws none itself. */
export function harmless(onError: OnError): OnError {
  return (error) => {
    try {
      onError(error);
    } catch (failure) {
      console.error(failure);
    }
  };
}

/** A function that throws nothing: the client would end the whole connection. */
export function guarded<T>(
  hear: (message: T) => void,
  onError: OnError,
): (message: T) => void {
  return (message) => {
    try {
      hear(message);
    } catch (error) {
      onError(error);
    }
  };
}

/** Subscribes to a subject; what goes wrong is told, and ends nothing else. */
export function listen(
  nats: NatsConnection,
  subject: string,
  hear: (message: Msg) => void,
  onError: OnError,
): Subscription {
  const take = guarded(hear, onError);
  return nats.subscribe(subject, {
    callback: (error, message) =>
      error === null ? take(message) : onError(error),
  });
}
