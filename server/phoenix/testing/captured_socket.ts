/** The sockets that a client opens, of which the newest can be closed. */
export interface CapturedSocket {
  /** The class that the client opens sockets with. */
  readonly transport: new (
    url: string | URL,
    protocols?: string | string[],
  ) => WebSocket;
  /** Closes the newest socket, and waits until it is closed. */
  close(): Promise<void>;
}

/**
 * Lets a test close the socket of a client, which itself waits for 150 ms when
 * it closes one.
 */
export function captureSocket(): CapturedSocket {
  let newest: WebSocket | undefined;
  return {
    transport: class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        newest = this;
      }
    },
    close: async () => {
      const socket = newest;
      if (socket === undefined || socket.readyState === WebSocket.CLOSED) {
        return;
      }
      await new Promise((resolve) => {
        socket.addEventListener("close", resolve);
        socket.close();
      });
    },
  };
}
