/** How a file could be shown, as its name promises. What it really is, its first bytes say (C97). */
export type Kind = 'picture' | 'text' | 'audio' | 'video'

const ENDINGS: Readonly<Record<Kind, RegExp>> = {
  picture: /\.(?:png|jpe?g|gif|webp)$/i,
  text: /\.(?:txt|md|log|csv|tsv|json|ya?ml|toml|ini|conf|diff|patch|py|js|ts|c|h|rs|go|java|sh|sql|tex|srt|vtt)$/i,
  audio: /\.(?:mp3|ogg|oga|opus|wav|m4a|aac|flac)$/i,
  video: /\.(?:mp4|m4v|webm|ogv|mov|mkv)$/i,
}

export const kindOf = (name: string): Kind | undefined =>
  (Object.keys(ENDINGS) as Kind[]).find((kind) => ENDINGS[kind].test(name))
