// What the type checker of Debian 12 (TypeScript 4.8) does not know of browsers yet.

interface CanvasRenderingContext2D {
  roundRect(x: number, y: number, w: number, h: number, radii?: number): void;
}

interface MIDIInputLike {
  name: string | null;
  onmidimessage: ((message: { data: Uint8Array | null }) => void) | null;
}

interface Navigator {
  requestMIDIAccess(): Promise<any>;
}
