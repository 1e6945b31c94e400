"""k-means as TypiClust's and ProbCover's code uses it."""

import warnings


def kmeans(features, clusters, random_state):
    """k-means labels (N,) of features (N, d): KMeans up to 50 clusters, MiniBatchKMeans (5,000 rows) above."""
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning

    if clusters <= 50:
        model = KMeans(n_clusters=clusters, random_state=random_state)
    else:
        model = MiniBatchKMeans(n_clusters=clusters, batch_size=5000, random_state=random_state)
    with warnings.catch_warnings():  # fewer distinct rows than clusters: some stay empty, which is fine here
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit_predict(features.cpu().numpy()).astype("int64")
