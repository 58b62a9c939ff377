import { Service } from "../../testing/service.ts";

const services = new Map<string, Promise<Service>>();

/**
 * Returns the service that the tests of a file share, one for each set of options:
 * to start one takes longer than most tests. A test that stops its service starts
 * its own.
 *
 * @param args Its options.
 * @param env Variables added to its environment.
 */
export function sharedService(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Service> {
  const key = JSON.stringify([args, env]);
  const service = services.get(key) ?? Service.start(args, env);
  services.set(key, service);
  return service;
}

Deno.test.afterAll(async () => {
  for (const service of services.values()) await (await service).kill();
});
