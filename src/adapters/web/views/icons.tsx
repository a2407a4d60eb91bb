const circle = (x: number, y: number, r: number) =>
  `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`

const PATHS = {
  search: `${circle(8.5, 8.5, 5)}m8.9 4 4.6 4.5`,
  share: 'M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h1.5m3.5 0v1.5M11.5 16.5h1.5m1.5-2.5h2v2.5',
  more: `${circle(4, 10, 0.6)}${circle(10, 10, 0.6)}${circle(16, 10, 0.6)}`,
  close: 'm5 5 10 10M15 5 5 15',
  send: 'M10 16V4.5M5 9.5l5-5 5 5',
  reply: 'M8 4.5 3.5 9 8 13.5M4 9h6.5c3 0 5.5 2 5.5 6',
  copy: 'M7 7h9v9H7zM4 13V4h9',
  download: 'M10 3.5V12m-4-3.5 4 4 4-4M4 16.5h12',
  upload: 'M10 12.5V4m-4 3.5 4-4 4 4M4 13v3.5h12V13',
  down: 'M10 4v12m-5-5 5 5 5-5',
  chevron: 'm6 8 4 4 4-4',
  plus: 'M10 4v12M4 10h12',
  file: 'M5 3h7l3 3v11H5zM12 3v3h3',
  folder: 'M3 15.5v-11h5l1.5 2H17v9z',
  text: 'M5 3h7l3 3v11H5zM8 9h4M8 12h4',
  clock: `${circle(10, 10, 7)}M10 6v4l3 2`,
  remove: 'M4 6h12M8 6V4h4v2m-6 0v10h8V6',
  play: 'M6.5 4.5v11l9-5.5z',
  pause: 'M7 4.5v11M13 4.5v11',
  look: `M2.5 10S5.5 5 10 5s7.5 5 7.5 5-3 5-7.5 5-7.5-5-7.5-5Z${circle(10, 10, 2)}`,
  people: `${circle(10, 7, 3)}M4 16.5c.5-3 3-4.5 6-4.5s5.500 1.500 6 4.500`,
} as const
export type IconName = keyof typeof PATHS

/** Decorative: the element around an icon has a name of its own. */
export const Icon = ({ of }: { readonly of: IconName }) => (
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <path d={PATHS[of]} />
  </svg>
)
