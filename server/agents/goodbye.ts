/** How long each part of a goodbye may take, in milliseconds. */
const GOODBYE_MS = 5_000;

/** Does something, but waits for it no longer than a goodbye may take. */
export async function bounded(action: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GOODBYE_MS);
  });
  // Nobody needs to know why it has failed.
  await Promise.race([action().catch(() => {}), limit]);
  clearTimeout(timer);
}
