/** Small Parquet files of PyArrow 25, as base64 of their bytes after zlib's deflate. */
import { inflateSync } from "node:zlib";

const inflated = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, inflateSync(Buffer.from(text, "base64"))]));

/** Files of one column `x` that is stored as numbers but has another type, keyed by that type. */
export const strangeColumns = inflated({
  "type Duration":
    "eNpFkEFLw0AQhSdhWXrwuiELe8ilASGNVu1FvLwtVUsprStFPIYSogdtTNX6c/ypziahPpid4e287zBruLEilaksU4IHqaQhopBL" +
    "BAF1CvuuhM4mFMv99qV8K1TIxjCMgx+KhDbapGR4YyhJs6fYjFzk0sHcMJd4++ZU6pQEg/hDpIPIkTbxCZxbPV13zPg3OPO6hNcD" +
    "Oi2AA2yFW6DCtGo9a4GlH6bAvDX+O2vmn00/bXyO8/ee03JtT8bssd201TGEY95eAc+ef+d7pyUoTuqi+fgqP0fbuh4VTbM7JN9l" +
    "s3/dvScXk/w8H2vjb5jz+dZ83j+/00iK",
  "extension type 'arrow.bool8'":
    "eNpdUt9PglAUvjLGfOiltctgu2u+yNamJpZttl4OKITZ/FUCviE5KSUJQ6u/qT+q/6LX7gWnrm8DDt/5znfOgduDgYoRJpiUME8D" +
    "AQsEIcTRi8/lthHm5VIdScLKD6ahhzmEuSIn5T6Kp53vk/wxVYi8TGSiIII5uSggmSYxJUVN1JS8RagxrUE3Z4KsIJ7pNZFX8qKG" +
    "ZCIdwWDQta8zc+mHO2fYgAYAfchwB0CJGRgAM9BnKadRwT0LdAArJfZPiha7udv6ISumOhPAh+ZWZDA+gwYBa5U563uTDCx1u08N" +
    "d2TTYqOau3fopE2d9ufkwk/csLGeNNOh6TjG8HHecLrh6PLJHCV+bbGevESJa6uLrMmMzdVK9/u3xAHSffqj9vBB9a/GTlAd2/Uv" +
    "z24k3VBdPJnG3HUGwYGfxfbVd+Wt9PsgqRB58VsyfS/7UVT24ni5Kayn8ep5+Vqo1SvViioTdgh+6f/v0fPxBzO6gvU=",
  "type DECIMAL":
    "eNpFUMFKw0AQnSxlKcVjJ2RhD7kkIKTVqr0EPcyWSooUa6B48RJKiB60MVXjl/gVfqSz2xAf7MxjZt6bZTaUzxBwjOMEBROJUgOA" +
    "sM/74YgDlcwhkIfdc/laoAAUkQi872iEAxwlTzbymC+UVjoGjUJFEhRPIBf91E/j4UqzMwvh+lSq2JlzQ8RDPwWlgxPK8/vH9Lgh" +
    "+PXOLC4rYjzQEXdELZmKbokqWrgWGUO0tmRBtHKF/8xY2rDt2NbqWJ9ZH+drOmdaZm7StL2Ier256vzXVtLvcb9y9AaCsC6a98/y" +
    "Y7Kr60nRNPs2/Cqbw8v+LbyYT8+nM6XtRTMPYMPH/gMH7Ez6",
  "type TIME":
    "eNpFkMFKw0AQhieLLD14kk7YhT3k0oDQVqstQvAyW1JaRayB4jmUEAVtY6rWQx+mj+rsNrQ/7MwwM//HMnPKBgjYxnYXBRcSpQEA" +
    "4V4QcMQz3R2BkpvlW/GZowAUHaGCv4/dhXGbAKHQRpsYDArdkaB5iNwMkzCJWzPDUPbA/aXUsefyQMStMAFt1Dll2fNrcoCrfXDl" +
    "dEtOL3TQI9GWbEkTopLGpe9ZS/TkijHRzDdOmZW6sGiqhfOxf+o4nmsbMqUPftOWRxMd/XbY8NLTV4hARVVef/0U371lVfXyul5v" +
    "o9+i3ryvV9HNqH/dH2h/lju+3Zxv+w980Ujr",
  "type TIMESTAMP":
    "eNpFkMFKw0AQhieLLD14KmzYhTnk0oDQVqsWQXqZLbWWUqyBIh5DCVFQG1O1PoQP4aM6syn1h90Z/pn/O8ySsoEBgwa7RnGjjUYA" +
    "UPKiCBqZI9cdgtXb9VPxmhvFRkfZ6Pvlp42jsBErhw5TQF7taHA8NGzGPvZpa4YMBo6NTrRLA5sHKm3FHhzaY8qyu4frBm5/o1PR" +
    "BYnuqdGcaEe+pBuiksZl8LwnWkgzJpoF47+yJvKt9t1Kcpy/FU7g+j2ZJvOw6ctDiA55f0n0KPyp1EYLAptUef3+WXz01lXVy+t6" +
    "s0u+inr7vHlLzof9s/7AoRzxiu+35Pv+AQEDSX8=",
  "type INT96":
    "eNpFkMFKw0AQhieLLD143bALe8ihCRTaaNVeRA+zpdamFGugiMdQQvSgjam2PoQP4aM6syn1h9kZ/p3/O8wS86EC1VXdvhI0SCUt" +
    "AAiuIIBWP7cxqBPTH4GW2/VL+VYoQaux0ME3hMJYYxOwSppYgiFPkRlmYZZ0ZpaYQNs3PWkSj6UPkXTCDIzVp5jnD0/XLVP/Bmes" +
    "S2Q9Yqs54h5dhXeIFY4r7zmHuOBhjDjzxn8nTfhZHaYV5yh/zxzPdQcyTuZ+01XHEB7z7grxmflT7q0WCDqqi+bjq/wcrOt6UDTN" +
    "Zh/tymb7unmPLkbpeTo0lu+X0umWdNo/lz9JNg==",
});

/**
 * Keyed by the reason of their refusal: a `_metadata` file that refers to another one, and files of
 * `pyarrow.parquet.encryption` with a plain and an encrypted footer.
 */
export const unreadable = inflated({
  "column 'x' is in another file":
    "eNoLcAwyFGWR1DFlkGArTs5IzU0UZWIQ5VJlkmCsYBBjkZSRlJHgKUgsKtEDEoWlqSViDDKiXJKqbAySQBWiQCViQWJBahyeMqIM" +
    "QMjEYKPJJqnGwMLAwACUYFHjEAti0FCA6tVNLijQTSwqyi9XKEstKs7Mz1MwMtUz0DOUlJEBaugA4gCgewDxYxz1",
  "column 'x' is encrypted":
    "eNoLcAwy1GdgYPjvJu0Z2f7/fUGygvvu5qzF3a2Hd/0Ju292MWjxnj+XExkPac97JVrz8NHLD2r2UeHVRkAtH3ichEIFnPTsoyaJ" +
    "sO+69c57/p1rSgs1bvtvl6xNn7Tgo2be8QeC/cyP7k5+w/Fy7eeXkY9FWSR1TBkk2IqTM1JzE0WZGES5VJkkGCsYxFgkZSRl1Bhk" +
    "RLkkVdkYJIFiokBBsUmMYpcY1ThqNNkk1RhYGBhidEBSEpOYqpWyUyt9E0tSizITc0IqC1KVrJQCvH1DDJV0lDLzgMJ5iTnBJflF" +
    "ielAmZKi0lSgcLFbfj5Qxju1UskqLTGnGCiWm1gMEfF0ARqQDNRcXpRYUJCa4uLqDRQIjwpKzcrJ93MM0Xa1SHTyTzcPLrNIc3PK" +
    "Dcn1T0kqLQyycC0JyYzIiHIJdypICtGODMxJDMxztHTxL7YFmpWSX5qUkxoOMjEzLx3mDqDDXfOSiyoLSjLz82BW6weXV6bnGGe7" +
    "mBUF+yRHGeR5pJpZOtraIlzkDXaRfqmzW7ZBpluQSYZnYYqhe2VAaFpGOlBdLQODhIcLMFb27Lq+6Wog995rBh8S1f0PM6rFSh1n" +
    "8Cz3Nni0jnm52ROblWHZpQrG7CbxsXt/7AuQs9+4raag4KY47w25uzlpf3r73T0+T2EABTyLGgcw8EUYGDQUChKLCktTS3STCwp0" +
    "E4uK8ssVylKLioHOVzAy1TPQM5SUkWFgkJHR4Phpd2BvJt/+YCGga45RHEnQ8Mot9swrLknMS04FB5WLq5tjqE+IEopMaJAPihRq" +
    "xKahR6xntnFWekhoYVlERrFzjkuUo2lJWoBPpFmOcZBRSIZzmVt6Vk5phFuRm7FRonlFVVJEWkWoiYlBSEFpKIkR6x+VkhRUkO9f" +
    "bJhe4FSYbeRoGRVaGYgZsZEuRgaRXuHlRl4pnnluGWUZBWnlVZCIdTsvWZsk9G+HbXPtpRjOqyIynO5+fwM5J+rd6HkYxMzAEADM" +
    "wgDuTEl7",
  "the file is encrypted":
    "eNoLcAxy1WdgYNi0Ijn8kcu+W+yVrdEBE/nlVx0os/qo9Xf5E4UUH679p5Yudj0fG/wp3S65LqxV9ne6EVBL5Vm37Uf1966/k/Lz" +
    "Woj2m/+eRw1FbMrSGF/t+rfw8zLW859urvGvYXptGVWsuPhqQuJZ/wsyMhoch01Up7B55HIKMTBIHGOqVspOrfRNLEktykzMCaks" +
    "SFWyUgrw9g0xVNJRyswDCucl5gSX5BclpgNlSopKU4HCxW75+UAZ79RKmFB2brFnXnFJYl5yqqcL0AQXVzfHUJ8QJRSZ0CAfFKnc" +
    "xGKIKWAtaUCR8qLEgoLUFBdXb6BAoKlxuYFzRWpwRIlncGlGSbmRQU5FRUSytkVScJhXUkaJf1WBa2houmlhQaFXsaO3pVepaXaB" +
    "v7mzYaQt0KyU/NKknNRwkImZeelwh6ZWuuYlF1UWlGTm58Gs9o9KSQoqyPcvNkwvcCrMNnK0jAqtDLS1RbjIG+yiSBcjg0iv8HIj" +
    "rxTPPLeMsoyCtPKqdKC6WoZbjAwMhx/WXgj6veJA57KpPKn2lyLPPAt+VfBZ62pXdNLxy3zHenbIRM/pWnNwQcLcFEtXo+j1Wrc0" +
    "7NnWmPO11t++emq2yCGXM//2tLvc7f3eFfFxw1Xxvvmv9Av82NSfRXh6Tkw0NrVZ86Tn6EeVNKZFc5jy3e63GSrYaz+a9J3bkpdv" +
    "guFjySOLF6zW95c7HmCYt23T0XvXZ6XvDbnj9Xoex/XGLVsW6+m2zv8dO7e88FWb0XIm+6PWX0zXSKxQ1Tpx1KrnzjOO3KbsNjWh" +
    "iYu/cefkRphcb+Cq1zjOGLhrDVsP93m/9sS1ZhqJBuuTUzpL3rFsfO/xdsmvZXalQe8TVWz+z0g5kjr1i6Rz/c3EgC/t3XE6B0ud" +
    "Tv74kGmg9XbuWuXU4JM9BjFnIwqPfFN2z3gT5LFdrIVlhk9JwlY9d8m7f5O6JN/O0BNa4vKpcGFI9aGZwn+bzorMn87oMUd3SUmW" +
    "lr3rsc/STRl2DQLGbpLXrmq4J11x03110+2lyGwzb518qfnXBA4VzHNeuSfkVV368mci14ONpTlFthwyeHbr67YtP/aXWC98P7X8" +
    "weEjMQHNhX3aE15NDlsllLp/s8aLbb5Rqfde+GVssKsPvHdt16Jfqdt8g/badLw7W7Jnm0LCwTe9sreL0+7bzF6g+tbgdo05MwND" +
    "ADCfAgD+g5Uh",
});

/** Two rows of all kinds of integers and a column with a dictionary; ZSTD, pages of version 2 with checksums. */
export const allIntegers = inflateSync(
  Buffer.from(
    "eNqVlk9ME0EUxme2S2kbYgpmN7ukMdWkG0wE7AINMRicbUupUPkTGsOxFFIaI9QiVA0HvHEwhngw8eJJjTHE4IEDmigXD8aY4MGQ" +
      "eEJNPIgXb4jROm+2u93SUmDazs68efv73nw7m3SQDPsFXnAIjcLyxxevnV0CJ6AGhJpWW/96+ZMI5RFCgl1w0c/Lxc1l3E+zOfpz" +
      "0x9q8AS4Jh5SJNbX19POhjGHWMYp4dPC9mZtF0stMB2EMiG3yF1f+5N3AhdZuIhy88BFBpfH2MYVuK8ebK/WlHHRv3weH8yFNInH" +
      "lbhrb96+ryvxgHH1tlDdB4eRJpmjEj/A48V366sVPKatCpt6m4eKoRfBb3NWwvcKqvDl0ZMPthJf3LeL9WN0oO+Sw0gq7kJETRWi" +
      "Jd6B9re7v3859tHe6tavG91VtY1kY7TRDdrlUau2fKcDSfaZ5OTE1YRwDAmcj5O42U6f2L983NEAu4WIbdYf8Ek05LaE2lRfIw15" +
      "WYhnoUC7z0NDF8wsLt3pOwGoejMpHWhHgouO8DgSedkjzyvII3ByB7K7ZdAW6kRevI/Fp1i5qDjK3xH5DNs4fWqI7p1DXaftssJx" +
      "dNEKgpIZ6SEWV7Cyi5UVXP5eVGQhvozVplpYz2zKFlf+LlRn8SYr0M5Yz7G4jpXPvLLE73/+D7dX6rIFec+ubNRUP/bVsWap6UKp" +
      "37G4g5UftcpS7dGOeHVLXAUdPG5R+epUFp1HO8z7q4i7TpFXHOKOC8keqY4MDw9cPqcfdukn3wqtM6URQoaI3voIyREtRXoISZFg" +
      "isU0mhCGQWaQ5udYai90YxAOEbg/DAS1QKC35KDvYUNCIoRECRmFaAzmPUU9jdyAoRY2oeZSYRhh8yjUw3T0awy6ICEDMKfcqHlP" +
      "3BiMwnoErnqLkj5WP3CjQ2Z9Vj1Yi1xRL5FQHKwp8jRjrpFJFk0Wtma0IHSJEagtRS2BepJ6kLUwqy99GP3eONXXVNBjK/0heEjA" +
      "CDKTtKGCD0YDKzR/7FaUTM3R1JsQC43uqTe+p94QdOMjYZXExoBvQOPMzxQ8ipxenHmToZ/box9l+gP6JMLuZ1di2T85jyRvJpG9" +
      "NjtxvTmZyTQnstnpnHduIjuTnp7yqh0tZ1v88rwHofIvelyD0CD9o/EfVgigkA==",
    "base64",
  ),
);

/** 1.5 and 2.5 as plain doubles, not compressed, with a checksum of their page. */
export const withChecksum = inflateSync(
  Buffer.from(
    "eNoLcAwyFGUQ1QHCgx/uXWKSEWUBctlE2WQYGBiYgJiFkQEMfthDaBYHURZJHVMGCbbi5IzU3ERRJgZRLlUmCcYKBjEWSRlJGTUGGVEuSVU2BkmgmChQ" +
      "UCxOLE6Nw1MGaC4DULWNJpukGgML0CigBIsah1gcg4ZCQWJRYWlqiW5yQYFuYlFRfrlCWWpRcWZ+noKRqZ6BnqGkDMg9VUAcAHQwALSVHkk=",
    "base64",
  ),
);
