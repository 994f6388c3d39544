/** Hears how many bytes of a body have left this browser, and of how many. */
export type OnSent = (sent: number, total: number) => void

/**
 * As `fetch`, with progress: fetch does not tell how much of a body was sent. Fails as fetch does, with an AbortError
 * where the signal says so and a TypeError where no answer came.
 */
export function upload(url: string, init: RequestInit, onSent: OnSent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const stop = (): void => request.abort()
    request.open(init.method ?? "POST", url)
    for (const [name, value] of Object.entries(init.headers as Record<string, string>)) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => onSent(event.loaded, event.total)
    request.onload = () => resolve(responseOf(request))
    request.onerror = () => reject(new TypeError("No answer came"))
    request.onabort = () => reject(new DOMException("Stopped", "AbortError"))
    request.onloadend = () => init.signal?.removeEventListener("abort", stop)
    init.signal?.addEventListener("abort", stop)
    if (init.signal?.aborted) return reject(new DOMException("Stopped", "AbortError"))
    request.send(init.body as XMLHttpRequestBodyInit)
  })
}

function responseOf(request: XMLHttpRequest): Response {
  const lines = request.getAllResponseHeaders().trim().split(/\r?\n/).filter(Boolean)
  const headers = lines.map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()])
  const empty = request.status === 204 || request.status === 304
  return new Response(empty ? null : request.responseText, { status: request.status, headers })
}
