/** A local HTTP endpoint that answers as told and remembers what it was asked. */
import { createServer, type IncomingMessage, type Server } from 'node:http';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Closes the connection instead. */
  readonly hangUp?: boolean;
}

export interface HttpEndpoint {
  readonly url: string;
  readonly asked: Asked[];
  /** Given one after the other; the last one stays. */
  answers: Answer[];
  close(): void;
}

export async function startEndpoint(): Promise<HttpEndpoint> {
  const asked: Asked[] = [];
  const endpoint: { answers: Answer[] } = { answers: [{ status: 200 }] };
  const server: Server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const headers = request.headers as Readonly<Record<string, string | undefined>>;
      asked.push({ method: request.method ?? '', url: request.url ?? '', headers, body });
      const answer = endpoint.answers.length > 1 ? endpoint.answers.shift() : endpoint.answers[0];
      if (!answer || answer.hangUp === true) return request.socket.destroy();
      response.writeHead(answer.status, answer.headers);
      return response.end(answer.body);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return Object.assign(endpoint, { url: `http://127.0.0.1:${port}`, asked, close: () => void server.close() });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
