import type { buildConnector } from 'undici';

/**
 * A connector whose sockets tell a reset by another code. undici takes ECONNRESET for the right end of a body that the
 * end of its connection delimits, as some systems reset where others close; but such a body is cut short, and must be
 * neither stored nor passed on as complete (RFC 9112 section 8).
 */
export function tellingResets(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    connect(options, (...result) => {
      const [, socket] = result;
      // before undici adds its own listener, which reads the code
      socket?.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') error.code = 'ECONNABORTED';
      });
      callback(...result);
    });
  };
}
