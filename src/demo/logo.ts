/** The sample site's emblem. */
export const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="Lamp shop">
<rect width="64" height="64" rx="14" fill="#1b2048"/>
<path d="M20 34 26 14h12l6 20z" fill="#ffd9a0"/>
<path d="M30 34h4v14h-4zM22 48h20v4H22z" fill="#fa9e76"/>
</svg>
`;
